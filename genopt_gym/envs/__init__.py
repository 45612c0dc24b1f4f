"""The tasks. A new benchmark is one file or folder here and one row in ``genopt_gym.registration``."""
