"""Views of an optimization environment: numbers, menus, plain text; evidence as a choice."""

from genopt_gym.wrappers.context_control import ContextControl
from genopt_gym.wrappers.menu import MenuEdits
from genopt_gym.wrappers.numbers_reply import NumbersReply
from genopt_gym.wrappers.numeric import NumericEdits
from genopt_gym.wrappers.perturbed import PerturbedStarts
from genopt_gym.wrappers.text import TextEdits

__all__ = ["ContextControl", "MenuEdits", "NumbersReply", "NumericEdits", "PerturbedStarts", "TextEdits"]
