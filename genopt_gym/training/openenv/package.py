"""``genopt openenv package``: a folder that OpenEnv's tools validate, build and publish."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import LARGEST, Metric
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.training.openenv.served import Served
from genopt_gym.training.splits import SPLITS
from genopt_gym.version import VERSION

FILES = {
    "openenv.yaml": "manifest",
    "Dockerfile": "dockerfile",
    "README.md": "readme",
    "pyproject.toml": "pyproject",
    "server/app.py": "app",
}
"""File of a package to its template."""
NO_BOUND = 1e9
"""Stands for the reward of a score without a bound: a manifest's numbers are finite."""
MOST_SECONDS = 3600.0
"""The longest episode that OpenEnv's policy allows to declare."""
REWARD_WORDS = {
    "improvement": "the rise of the best normalised score; those of an episode sum to its gain",
    "score": "the normalised score, from -1",
    "delta": "the change of the normalised score, from -1",
}


def write_package(served: Served, folder: Path, confinement: str | None = None, wheel: Path | None = None) -> None:
    """Write the package of what is served.

    Args:
        served: what the server is to offer.
        folder: which is made; it may be there if it is empty.
        confinement: a tier that the server is to be asked for by name.
        wheel: of this library, to install it from; the package index has it if left out.

    Raises:
        UserError: the folder is in use, the wheel is none, or a file cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and not empty: choose another folder")
    if wheel is not None and not (wheel.is_file() and wheel.suffix == ".whl"):
        raise UserError(f"{wheel} is no wheel: make dist writes one into dist/")
    values = _values(served, confinement, wheel)
    texts = {name: _template(template).substitute(values) for name, template in FILES.items()}
    plan = json.dumps(_plan(optimization_env(served.make(served.split_seed))), indent=2) + "\n"
    texts |= {"server/__init__.py": "", "validation/runtime.json": plan, ".dockerignore": "__pycache__\n"}
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if wheel is not None:
            (folder / "wheels").mkdir()
            shutil.copy(wheel, folder / "wheels")
    except OSError as error:
        raise UserError(f"cannot write {error.filename or folder}: {error.strerror}") from None


def reward_range(kind: str, metric: Metric) -> tuple[float, float]:
    """The smallest and the largest reward of a step.

    >>> metric = Metric("points", low=-10, high=50, floor=0, reference=25, solved=None)
    >>> reward_range("improvement", metric), reward_range("score", metric), reward_range("delta", metric)
    ((0.0, 2.0), (-1.0, 2.0), (-1.0, 2.4))
    """
    low, high = metric.bounds
    if abs(metric.best) >= LARGEST or (kind == "delta" and (low <= -LARGEST or high >= LARGEST)):
        most = NO_BOUND
    else:
        most = metric.normalise(metric.best)
        if kind == "delta":
            most -= metric.normalise(metric.worst)
    return (0.0 if kind == "improvement" else -1.0), float(most)


def _values(served: Served, confinement: str | None, wheel: Path | None) -> Mapping[str, Any]:
    env = optimization_env(served.make(served.split_seed))
    kind, metric, edits = env.parameters.reward, env.metric, served.edits
    package = f"'genopt-gym[openenv]=={VERSION}'" if wheel is None else f"'./wheels/{wheel.name}[openenv]'"
    return {
        "id": served.id,
        "id_literal": json.dumps(served.id),
        "name": served.name,
        "distribution": f"openenv-{served.name}".replace("_", "-"),
        "title": served.id.removeprefix("GenOpt/"),
        "version": VERSION,
        "parameters": repr(dict(served.parameters)),
        "edits": edits,
        "sessions": served.sessions,
        "confinement": repr(confinement),
        "requirement": package,
        "reward": kind,
        "reward_words": REWARD_WORDS[kind],
        "reward_range": json.dumps(reward_range(kind, metric)),
        "seconds": f"{served.seconds:.2g}",
        "episode_timeout": min(MOST_SECONDS, max(60.0, round(10 * served.seconds * (edits or 1), 1))),
        "tasks": json.dumps(SPLITS),
        "task_words": ", ".join(f"{count} of `{split}`" for split, count in SPLITS.items()),
        "components": ", ".join(f"`{name}`" for name in env.editable),
        "component_literal": json.dumps(env.editable[0]),
        "metric": f"{metric.name}, {metric.range}",
    }


def _plan(env: OptimizationEnv) -> dict[str, Any]:
    """What OpenEnv's validation plays: an edit that changes nothing, one that is none, one that may not be."""
    name, text = env.editable[0], env.start.texts[env.editable[0]]
    edits: list[Any] = [{name: text}, "There is no edit in this reply.", {"no_such_component": text}]
    return {
        "plan_schema_version": "1",
        "reset": {"episode_id": "validation", "seed": 0, "options": {}},
        "actions": [{"edit": edit} for edit in edits],
    }


def _template(name: str) -> Template:
    path = files("genopt_gym.training.openenv") / "templates" / f"{name}.txt"
    return Template(path.read_text(encoding="utf-8"))
