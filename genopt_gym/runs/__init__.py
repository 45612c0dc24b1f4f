"""Learning loops on disk: run one, resume it, look at what it left."""
