"""Tasks of the user's own: what a scoring function and its data are made into. ``genopt_gym.wrap`` leads here."""
