"""From a plan in YAML to the runs of a study, and what they may cost."""
