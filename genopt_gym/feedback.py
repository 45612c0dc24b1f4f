"""Words for the optimizer: the problem context before the loop, the feedback after each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from statistics import fmean

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.task import Task
from genopt_gym.evaluation import Evaluation

MAX_FEEDBACK_CHARS = 8_000
MAX_FAILURES_TOLD = 3
MIN_REPETITION = 3
"""Lines of documentation that are told only once."""


def problem_context(task: Task, artifact: Artifact, parameters: Parameters) -> str:
    """What the optimizer is told before it sees any evidence."""
    parts = []
    if parameters.context != "none":
        parts.append(task.goal.strip())
        metric = task.metric
        aim = "as high" if metric.direction == "maximize" else "as low"
        parts.append(
            f"The score is {metric.name}, from {metric.bounds[0]:g} to {metric.bounds[1]:g}; make it {aim} as you can."
        )
    if parameters.context == "full" and task.strategy:
        parts.append(task.strategy.strip())
    editable = parameters.editable
    told: dict[str, list[str]] = {}
    for component in artifact.components:
        fixed = "" if editable is None or component.name in editable else " (fixed: it cannot be edited)"
        lines = component.contract(parameters.documentation).split("\n")
        parts.append(f"Component `{component.name}`{fixed}:\n{chr(10).join(_without_repetition(lines, told))}")
        told[component.name] = lines
    parts.append(f"The workflow calls the components and cannot be edited:\n{artifact.workflow.strip()}")
    return "\n\n".join(parts)


def _without_repetition(contract: list[str], told: Mapping[str, list[str]]) -> list[str]:
    """A contract's lines; where its documentation begins as an earlier one's does, a line that says so."""
    signature, *documentation = contract
    for name, (_, *other) in told.items():
        pairs = zip(documentation, other, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        if same >= MIN_REPETITION:
            pointer = f'    (as for {name}, down to "{documentation[same - 1].strip()}")'
            return [signature, pointer, *documentation[same:]]
    return contract


def feedback(
    task: Task,
    parameters: Parameters,
    *,
    outcome: EditOutcome,
    message: str,
    accepted: bool,
    score: float,
    previous_score: float | None,
    shown: Sequence[tuple[str, Evaluation]],
) -> str:
    """The words of one observation; ``shown`` are the evaluations that may be spoken of, by split."""
    parts = [f"Edit outcome: {outcome}." + (f" {message}" if message else "")]
    if not accepted:
        parts.append("The edit was not accepted: the artifact is as it was before.")
    for split, evaluation in shown:
        failures = [(t.instance, t.failure) for t in evaluation.trials if t.failure]
        if failures:
            parts.append(f"{len(failures)} of {len(evaluation.trials)} {split} trials failed.")
        told: dict[str, None] = {}
        for _, failure in failures:
            told[str(failure)] = None
        parts += list(told)[:MAX_FAILURES_TOLD]
    ran = outcome in (EditOutcome.OK, EditOutcome.UNCHANGED)
    for kind in parameters.feedback:
        if kind == "staged" and not ran:
            continue
        parts += _SPEAKERS[kind](task, score, previous_score, shown)
    return "\n".join(parts)[:MAX_FEEDBACK_CHARS]


Shown = Sequence[tuple[str, Evaluation]]


def _score(task: Task, score: float, previous: float | None, shown: Shown) -> list[str]:
    return [f"Score ({task.metric.name}): {score:.5g}."]


def _metrics(task: Task, score: float, previous: float | None, shown: Shown) -> list[str]:
    lines = []
    for split, evaluation in shown:
        means = _means(evaluation)
        if means:
            lines.append(f"{split}: " + ", ".join(f"{name} {value:.5g}" for name, value in means.items()) + ".")
    return lines


def _means(evaluation: Evaluation) -> dict[str, float]:
    names = sorted({name for trial in evaluation.trials for name in trial.metrics})
    return {n: fmean(t.metrics[n] for t in evaluation.trials if n in t.metrics) for n in names}


def _staged(task: Task, score: float, previous: float | None, shown: Shown) -> list[str]:
    words = task.staged_by(score, _means(shown[-1][1]) if shown else {})
    return [words] if words else []


def _progress(task: Task, score: float, previous: float | None, shown: Shown) -> list[str]:
    if previous is None:
        return []
    if score == previous:
        return ["The score is the same as before."]
    return [f"The score has {'improved' if task.metric.better(score, previous) else 'got worse'}."]


def _answer(task: Task, score: float, previous: float | None, shown: Shown) -> list[str]:
    lines = []
    for split, evaluation in shown:
        for trial in evaluation.trials:
            answer = task.answer(trial.instance) if split == "train" and task.failed(trial) else None
            if answer is not None:
                lines.append(f"Expected answer of {trial.instance}: {answer}")
    return lines


_SPEAKERS = {"score": _score, "metrics": _metrics, "staged": _staged, "progress": _progress, "answer": _answer}
