"""Heuristics: rules that a trusted simulator asks at every decision of a problem whose limit is known."""
