"""Carry the runs of a study out: on this machine or on Ray, within one budget, whatever is killed."""
