"""All attacks, by name."""

from __future__ import annotations

from tests.sandbox.attack import Attack
from tests.sandbox.attacks_on_limits import ENDS, LOOPS, RESOURCES
from tests.sandbox.attacks_on_protocol import PROTOCOL, PYTHON, RESULTS
from tests.sandbox.attacks_outside import KERNEL, NETWORK, OTHERS, PROCESSES, READING, WRITING

__all__ = ["ALL", "BY_NAME", "CONTROLS", "Attack"]

ALL = [
    *READING,
    *WRITING,
    *NETWORK,
    *PROCESSES,
    *RESOURCES,
    *LOOPS,
    *ENDS,
    *OTHERS,
    *KERNEL,
    *PROTOCOL,
    *RESULTS,
    *PYTHON,
]
BY_NAME = {attack.name: attack for attack in ALL}
CONTROLS = [attack for attack in ALL if attack.bites]
assert len(BY_NAME) == len(ALL)
