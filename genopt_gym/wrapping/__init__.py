"""A user's own scoring function as an environment."""

from genopt_gym.wrapping.api import wrap
from genopt_gym.wrapping.references import load, reference, refuse_while_importing, short_name

__all__ = ["load", "reference", "refuse_while_importing", "short_name", "wrap"]
