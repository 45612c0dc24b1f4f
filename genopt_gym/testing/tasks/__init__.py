"""What every task must keep to, as a class of tests: a file for each kind of requirement."""

from __future__ import annotations

from genopt_gym.testing.tasks.determinism import Determinism
from genopt_gym.testing.tasks.edits import AnyEdit
from genopt_gym.testing.tasks.facts import StatedFacts
from genopt_gym.testing.tasks.gymnasium_contract import GymnasiumContract
from genopt_gym.testing.tasks.splits import Splits


class TaskConformance(GymnasiumContract, Determinism, AnyEdit, Splits, StatedFacts):
    """Inherit in a pytest file, and set ``id``; each method is one requirement, told in its docstring.

    Attributes:
        id: of a registered environment; ``module:id`` where importing ``genopt_gym`` does not register it.
        parameters: keywords of ``gym.make`` that make trials cheap; what they do not name is tested as it is.
        samples: how many samples of the action space, and how many edits made up by hypothesis, are tried.
    """
