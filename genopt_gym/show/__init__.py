"""Look at runs: a page of each, live while it goes on; the terminal; trackers."""
