"""Views of an optimization environment for agents that do not write edits: numbers, menus, plain text."""

from genopt_gym.wrappers.menu import MenuEdits
from genopt_gym.wrappers.numeric import NumericEdits
from genopt_gym.wrappers.perturbed import PerturbedStarts
from genopt_gym.wrappers.text import TextEdits

__all__ = ["MenuEdits", "NumericEdits", "PerturbedStarts", "TextEdits"]
