"""OpenEvolve (github.com/algorithmicsuperintelligence/openevolve, after AlphaEvolve, arXiv 2506.13131) as an agent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from genopt_gym.agents.base import Problem
from genopt_gym.agents.external import need
from genopt_gym.agents.external.external_optimizer import ExternalOptimizerAgent
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.checks import whole_number

MARKER = "EVOLVE-BLOCK"
"""OpenEvolve's own word for what may be changed in a program."""
BLOCK = re.compile(rf"^# {MARKER}-START (\w+)[ \t]*\n(.*?)\n# {MARKER}-END[ \t]*$", re.M | re.S)
OTHER_PROGRAMS = 7
"""That a prompt shows, beside the one to improve."""


@dataclass(kw_only=True, eq=False)
class OpenEvolve(ExternalOptimizerAgent):
    """``openevolve.run_evolution``: islands of programs in a MAP-Elites grid, changed by the model one after the other.

    The editable components are one program to it, each in a block of its own; see ``as_program``.

    Args:
        islands: populations that evolve apart. Each begins with the starting artifact, so as many of the first edits
            (at least two) change that.
        diffs: whether the model is asked for SEARCH/REPLACE blocks, or else for the whole program.
    """

    entry: ClassVar[str] = "genopt_gym.agents.external.openevolve_loop:evolve"
    library: ClassVar[str] = "openevolve"

    islands: int = 5
    diffs: bool = True

    def __post_init__(self) -> None:
        need("openevolve", self.library)
        super().__post_init__()
        whole_number("islands", self.islands, 1)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        for name in problem.action_space.texts:
            if MARKER in observation["artifact"][name]:
                raise ValueError(f"openevolve cannot edit {name}: its text holds {MARKER}, OpenEvolve's own marker")

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        return super().trace_limit(context + OTHER_PROGRAMS * artifact.source, artifact)


def as_program(texts: Mapping[str, str]) -> str:
    """Components as the one text that OpenEvolve evolves.

    >>> print(as_program({"double": "def double(x): return 2 * x"}))
    # EVOLVE-BLOCK-START double
    def double(x): return 2 * x
    # EVOLVE-BLOCK-END
    """
    blocks = (f"# {MARKER}-START {name}\n{text}\n# {MARKER}-END" for name, text in texts.items())
    return "\n\n".join(blocks)


def as_components(program: str, names: Iterable[str]) -> tuple[dict[str, str] | None, str]:
    """The components in such a text, or None if it has not just one block for each; and what stands outside of blocks.

    >>> as_components("import math\\n# EVOLVE-BLOCK-START f\\ndef f(): ...\\n# EVOLVE-BLOCK-END", ["f"])
    ({'f': 'def f(): ...'}, 'import math')
    """
    blocks = BLOCK.findall(program)
    whole = sorted(name for name, _ in blocks) == sorted(names)
    return dict(blocks) if whole else None, BLOCK.sub("", program).strip()


def last_program(prompt: str, names: Iterable[str]) -> dict[str, str] | None:
    """The components of the last program that a prompt shows; None if that does not show all of them.

    >>> prompt = "Before: " + as_program({"f": "a", "g": "b"}) + " Now: " + as_program({"f": "c", "g": "d"})
    >>> last_program(prompt.replace("Before: ", "Before:\\n").replace(" Now: ", "\\nNow:\\n"), ["f", "g"])
    {'f': 'c', 'g': 'd'}
    """
    wanted = sorted(names)
    blocks = BLOCK.findall(prompt)[-len(wanted) :]
    return dict(blocks) if sorted(name for name, _ in blocks) == wanted else None
