"""Words for the optimizer: the problem context before the loop, the feedback after each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.feedback_kinds import FEEDBACK, Seen
from genopt_gym.core.metric import Metric
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.standing import Standing
from genopt_gym.core.task import Task
from genopt_gym.core.window_metric import window_name
from genopt_gym.evaluation import Evaluation
from genopt_gym.limit_words import limit_words

MAX_FEEDBACK_CHARS = 8_000
MAX_FAILURES_TOLD = 3
STATE = (
    "A component may keep state between calls, in globals of its text or in attributes of its function: it is the "
    "component's own and lasts for one trial."
)
"""Part of the contract wherever a trial calls components more than once."""
MIN_REPETITION = 3
"""Lines of documentation that are told only once."""


def observed_metric(task: Task, parameters: Parameters) -> Metric:
    """What observed scores and rewards mean: of windows where nothing beyond them is told."""
    return task.window_metric(parameters.view) if parameters.feedback_horizon == "credit" else task.metric


def problem_context(task: Task, artifact: Artifact, parameters: Parameters) -> str:
    """What the optimizer is told before it sees any evidence."""
    parts = []
    if parameters.context != "none":
        parts.append(task.goal.strip())
        metric = observed_metric(task, parameters)
        aim = "as high" if metric.direction == "maximize" else "as low"
        bounds = f", {metric.range}" if not task.disguised else ""
        name = metric.name if metric is task.metric else window_name(task.metric, None)
        parts.append(f"The score is {name}{bounds}; make it {aim} as you can.")
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
    if (returns := task.returns()) and returns not in "\n".join(parts):
        parts.append(f"The workflow has to return {returns}.")
    if task.max_inner_steps > 1 and any(component.kind == "python" for component in artifact.components):
        parts.append(STATE)
    all_editable = editable is None or set(editable) == set(artifact.texts)
    tells_score = parameters.context != "none" and not task.disguised
    parts.append(limit_words(task, artifact, all_editable=all_editable, tells_score=tells_score))
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
    outcome: str,
    message: str,
    accepted: bool,
    score: float,
    previous_score: float | None,
    shown: Sequence[tuple[str, Evaluation]],
    standing: Standing | None = None,
    metric: Metric | None = None,
) -> str:
    """The words of one observation; ``shown`` are the evaluations that may be spoken of, by split."""
    parts = [f"Edit outcome: {outcome}." + (f" {message}" if message else "")]
    if not accepted:
        parts.append("The edit was not accepted: the artifact is as it was before.")
    if not shown:
        parts.append("Nothing was run in this step; the trace is that of the last artifact that ran.")
    told: dict[str, None] = {}
    for split, evaluation in shown:
        failures = [(t.instance, t.failure) for t in evaluation.trials if t.failure]
        if failures:
            parts.append(f"{len(failures)} of {len(evaluation.trials)} {split} trials failed.")
        new = dict.fromkeys(str(failure) for _, failure in failures if str(failure) not in told)
        parts += list(new)[:MAX_FAILURES_TOLD]
        told |= new
    trials = {split: evaluation.trials for split, evaluation in shown}
    seen = Seen(task, outcome, score, previous_score, trials, parameters.observed_split, standing, metric)
    for kind in parameters.feedback:
        lines = FEEDBACK.make(kind).lines(seen)
        parts += [lines] if isinstance(lines, str) else lines  # the usual slip of a kind of one's own
    return "\n".join(parts)[:MAX_FEEDBACK_CHARS]
