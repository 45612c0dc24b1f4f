"""``genopt run task.yaml``: a run from a file, in which a task of one's own, its optimizer and its limits stand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.cli.arguments import RunArguments
from genopt_gym.core.errors import UserError
from genopt_gym.registration import EXAMPLES, FUNCTION
from genopt_gym.study.planning.source import read_yaml

SUFFIXES = (".yaml", ".yml", ".json")


class OwnTaskFile(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in such a file; options of the command line go before it."""

    task: dict[str, Any]
    """Keywords of ``genopt_gym.wrap``; or ``id`` and the keywords of ``gym.make``."""
    agent: str | None = None
    model: str | None = None
    """The optimizer's; that of the components stands in ``task``."""
    name: str | None = None
    base_url: str | None = None
    price: list[float] | None = None
    agent_options: dict[str, Any] = {}
    budget: dict[str, int | float] = {}
    edits: int | None = None
    seed: int | None = None
    seeds: int | None = None


def is_task_file(word: str | None) -> bool:
    """Whether what stands where an id could is the path of such a file."""
    return word is not None and Path(word).suffix.lower() in SUFFIXES


def with_task_file(request: RunArguments) -> RunArguments:
    """The request with what its task file says; the same if it names an id.

    Raises:
        UserError: the file cannot be read, or a key or a value is wrong; with its line.
    """
    if request.id is None or not is_task_file(request.id):
        return request
    path = Path(request.id)
    try:
        source = read_yaml(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not isinstance(source.value, Mapping):
        raise UserError(f"{path.name} is no task file: it has keys, such as task: and agent: (genopt init writes one)")
    said = source.decode(OwnTaskFile)
    # Modules are looked for beside the file, and from there in the workers too.
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    keywords = dict(said.task)
    id = keywords.pop("id", None)
    if id is None:
        if "function" not in keywords:
            raise source.error(("task",), "task: needs function: (module:name, or a grader), or id: of an environment")
        id = (FUNCTION if "data" not in keywords else EXAMPLES).id
        keywords = _own(keywords, path.absolute().parent)
    seeds = None if request.seed is not None else request.seeds or (said.seeds if said.seed is None else None)
    return replace(
        request,
        id=str(id),
        name=request.name or said.name or (path.stem if path.stem != "task" else None),
        agent=request.agent or said.agent or "proposer",
        model=request.model or said.model,
        base_url=request.base_url or said.base_url,
        price=request.price or (None if said.price is None else ",".join(map(str, said.price))),
        edits=request.edits or said.edits,
        seed=request.seed if request.seed is not None or request.seeds is not None else said.seed,
        seeds=seeds,
        parameters=[*_words(keywords), *(request.parameters or [])],
        agent_options=[*_words(said.agent_options), *(request.agent_options or [])],
        budget=[*_words(said.budget), *(request.budget or [])],
    )


def _own(keywords: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Keywords of ``wrap`` with functions as modules have them, and paths from the file's folder."""
    data = keywords.get("data")
    if isinstance(data, str):
        keywords["data"] = str(folder / Path(data).expanduser())
    if isinstance(keywords.get("function"), str):
        keywords["function"] = _module(keywords["function"])
    if isinstance(keywords.get("components"), list):
        keywords["components"] = [_module(str(each)) for each in keywords["components"]]
    return keywords


def _module(reference: str) -> str:
    """``stopping.py:score`` as ``stopping:score``."""
    return re.sub(r"\.py(?=:)", "", reference).replace("/", ".")


def _words(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]
