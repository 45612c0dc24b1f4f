"""Reference programs: the best artifact known here for an id, to play against, to look at and to hold results against.

They are data: ``programs/<name>.txt`` holds an id's components, each after a line that names it, and ``scores.json``
what each scores on test. A strong language model wrote them, in five to nine edits. ``python -m
genopt_gym.baselines.references`` scores them again; ``genopt play --reference ID`` plays one.

Three programs are left out whose texts would quote what others have published: those for BoardgameQA, the house prices
and the spaceship.
"""

from __future__ import annotations

import difflib
import re
import warnings
from importlib.resources import files
from importlib.resources.abc import Traversable

import gymnasium as gym
import msgspec

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.making import optimization_env

MARK = "# ==== component: {} ===="


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One id's best known program.

    Attributes:
        id: of the environment, with the default parameters of its task.
        start: whose components it has.
        artifact: content id of the program.
        score: on the test split.
        scores: of the single test trials, in their order.
        edits: how many edits its author had.
    """

    id: str
    start: str
    artifact: str
    score: float
    scores: list[float]
    edits: int


def references() -> dict[str, Reference]:
    """Every id that has a reference program.

    >>> references()["GenOpt/Control-Acrobot-v0"].start
    'modular/naive'
    """
    data = _folder().joinpath("scores.json").read_bytes()
    return {each.id: each for each in msgspec.json.decode(data, type=list[Reference])}


def reference(id: str) -> Reference:
    """The one of an id; UserError, with the nearest, if it has none."""
    known = references()
    if id in known:
        return known[id]
    near = difflib.get_close_matches(id, known, 1)
    hint = f"did you mean {near[0]}?" if near else "genopt list --scores shows which ids have one"
    raise UserError(f"{id} has no reference program; {hint}")


def program(id: str) -> dict[str, str]:
    """The component texts of an id's program."""
    return read_program(_folder().joinpath("programs", f"{short_name(id)}.txt").read_text(encoding="utf-8"))


def load(reference: Reference) -> tuple[Artifact, TaskSpec]:
    """The artifact and its task.

    Raises:
        UserError: the task cannot be made here, as where its data is missing.
    """
    with warnings.catch_warnings():
        # What an agent would be warned of is no news here.
        warnings.simplefilter("ignore")
        try:
            env = optimization_env(gym.make(reference.id, start=reference.start, disable_env_checker=True))
        except (ValueError, ImportError, gym.error.Error) as error:
            raise UserError(f"{reference.id} cannot be made here: {error}") from error
    return env.start.edited(program(reference.id)), env.evaluator.spec


def short_name(id: str) -> str:
    """``Atari-Pong-v0``, of ``GenOpt/Atari-Pong-v0``."""
    return id.removeprefix("GenOpt/")


def write_program(texts: dict[str, str]) -> str:
    """Component texts as one file.

    >>> read_program(write_program({"a": "def a(): ...\\n", "b": "x"}))
    {'a': 'def a(): ...\\n', 'b': 'x'}
    """
    return "".join(f"{MARK.format(name)}\n{text}\n" for name, text in texts.items())


def read_program(text: str) -> dict[str, str]:
    """Component to text, of what ``write_program`` has written."""
    parts = re.split(f"^{MARK.format('(.+)')}\n", text, flags=re.MULTILINE)[1:]
    return {name: body.removesuffix("\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _folder() -> Traversable:
    return files("genopt_gym.baselines.references")
