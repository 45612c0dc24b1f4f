"""``genopt verify --solution FILE ID``: somebody's solution of an open problem, with the exact verdict."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import typer

import genopt_gym  # noqa: F401  # registers the ids
from genopt_gym.core.errors import UserError
from genopt_gym.core.parsing import parse_python

if TYPE_CHECKING:
    from genopt_gym.envs.discovery.problem import DiscoveryTask

DIGITS = 60
"""Of an exact fraction that is told in full."""


def verify_solution(file: Path, id: str) -> None:
    """Print what a solution is worth; exit code 1 if it is refused.

    Args:
        file: a JSON file that holds the solution; or a Python file that assigns it to ``solution``, or defines
            ``construct(seed)``, or ``start(seed)`` and ``improve(solution, step)``; it runs confined, as artifacts do.
        id: of a Discovery environment.

    Raises:
        UserError: the file or the id is not of that kind.
    """
    from genopt_gym.envs.discovery.exact import Refused

    task = _task(id)
    solution = _from_python(file, id) if file.suffix == ".py" else _from_json(file)
    try:
        verdict = task.verify(solution)
    except Refused as refusal:
        print(f"refused: {refusal}")
        raise typer.Exit(1) from None
    score, metric = task.score_of(verdict), task.metric
    kind = "exact" if verdict.exact else "a bound on the safe side"
    fraction = f"{verdict.value.numerator}/{verdict.value.denominator}"
    print(f"valid: {score!r} ({metric.name})")
    print(f"the value is {kind}" + (f": {fraction}" if verdict.exact and len(fraction) <= DIGITS else ""))
    if verdict.shrink:
        print(f"after a shrink by {float(verdict.shrink):.3g}, for it missed a constraint by rounding")
    if verdict.note:
        print(verdict.note)
    print(_comparison(task, score))


def _comparison(task: DiscoveryTask, score: float) -> str:
    from genopt_gym.envs.discovery.problem import BEYOND

    metric = task.metric
    assert metric.record is not None
    source = metric.sources["record"]
    if metric.is_beyond_record(score):
        return f"{BEYOND}: {metric.record:.12g} ({source})"
    behind = abs(score - metric.record)
    return f"the published value is {metric.record:.12g} ({source}); this is {behind:.3g} behind"


def _task(id: str) -> DiscoveryTask:
    from genopt_gym.core.task import TaskSpec
    from genopt_gym.envs.discovery.problem import DiscoveryTask

    try:
        entry = gym.spec(id).kwargs.get("task", "")
        task = TaskSpec(entry, {}).make() if entry.startswith("genopt_gym.envs.discovery") else None
    except gym.error.Error as error:
        raise UserError(f"there is no environment {id!r}: {error}") from None
    if not isinstance(task, DiscoveryTask):
        raise UserError(f"{id} has no solutions to verify; the open problems are the ids GenOpt/Discovery-...")
    return task


def _from_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file} holds no JSON that can be read: {error}") from None


def _from_python(file: Path, id: str) -> Any:
    """What the program constructs: the best of its valid results, or the words of its failure."""
    from genopt_gym.core.task import TaskSpec
    from genopt_gym.evaluation import Evaluator

    try:
        text = file.read_text(encoding="utf-8")
        defined = _defined(parse_python(text))
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UserError(f"{file} holds no Python that can be read: {error}") from None
    if "construct" in defined:
        start, texts = "one_function/stub", {"construct": text}
    elif {"start", "improve"} <= defined:
        start, texts = "modular/stub", {"start": text, "improve": text}
    elif "solution" in defined:
        start, texts = "one_function/stub", {"construct": f"{text}\n\n\ndef construct(seed):\n    return solution\n"}
    else:
        raise UserError(f"{file} assigns no `solution`, and defines neither construct(seed) nor start and improve")
    evaluator = Evaluator(TaskSpec(gym.spec(id).kwargs["task"], {}), splits=("validation",))
    artifact = evaluator.task.starting_artifact(start).edited(texts)
    trial = evaluator.evaluate(artifact, "validation").trials[0]
    if trial.failure is not None:
        print(f"refused: {trial.failure.message if trial.failure.type == 'Refused' else trial.failure}")
        raise typer.Exit(1)
    if not trial.actions:
        raise UserError(f"the solution of {file} is too large to be brought back; give it as JSON")
    return trial.actions[0]


def _defined(tree: ast.Module) -> set[str]:
    """Names of functions, and of what is assigned, at the top level."""
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names
