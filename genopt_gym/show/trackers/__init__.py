"""Trackers that people use: each a callback in a file of its own, and an extra."""
