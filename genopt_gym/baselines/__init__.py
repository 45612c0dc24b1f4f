"""What results are held against. Each file is a command: ``python -m genopt_gym.baselines.random_policy``."""
