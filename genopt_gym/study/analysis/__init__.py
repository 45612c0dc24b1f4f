"""Statistics over the runs of a study."""
