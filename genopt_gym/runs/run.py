"""A run as Python sees it: what its folder holds, whether it has ended or not."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from genopt_gym.core.artifact import Artifact, Component
from genopt_gym.core.drawing import draw_curve, new_figure, number, sparkline
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.ledger import ModelAccount
from genopt_gym.core.task import Metric
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.folder import best_step, read_config, read_program, read_result
from genopt_gym.runs.replay import replay_observations
from genopt_gym.runs.steps import Step, StepList

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = int | Literal["start", "best"]
"""A step's number, or the start, or the best artifact."""


@dataclass(frozen=True)
class ScoredArtifact:
    """An artifact and its scores in the metric's unit.

    Attributes:
        artifact: its texts, source and id. A run stores no contracts, so its components have none.
        step: the first step that made it.
        validation: what selection goes by.
        test: ``None`` until the run has ended, and where its budget did not reach so far.
        confirmation: on fresh instances, where it was confirmed.
    """

    artifact: Artifact
    step: int
    validation: float
    test: float | None
    confirmation: float | None = None


@dataclass(frozen=True)
class RunLedger:
    """What a run has cost so far.

    Attributes:
        trials: of train and validation.
        inner_steps: of those.
        seconds: wall time of its steps, over all sessions.
        worker_seconds: of evaluation, summed over workers.
        models: role to what its model calls have cost.
    """

    trials: int
    inner_steps: int
    seconds: float
    worker_seconds: float
    models: Mapping[str, ModelAccount]

    @property
    def tokens(self) -> int:
        """Of all models together."""
        return sum(account.tokens for account in self.models.values())

    @property
    def money(self) -> float | None:
        """US dollars; ``None`` once a price was not known."""
        money = [account.money for account in self.models.values()]
        return None if None in money else float(sum(each or 0.0 for each in money))


class Run:
    """A run in its folder; made by ``genopt_gym.run``, ``resume`` and ``load_run``.

    It shows what was stored when it was made: ``load_run`` again to see how an unfinished run has gone on.

    Args:
        folder: the run's.
        keep: whatever has to live as long as the run is looked at.

    Raises:
        UserError: there is no run in it, or it cannot be read.
    """

    def __init__(self, folder: str | Path, keep: object = None) -> None:
        self.folder = Path(folder)
        self._keep = keep
        self.config: Config = read_run(self.folder)
        """What the run is made of."""
        facts = read_config(self.folder)
        try:
            self.metric: Metric = msgspec.convert(facts["metric"], Metric)
            """What scores mean."""
        except (KeyError, msgspec.ValidationError) as error:
            raise UserError(f"the configuration in {self.folder} cannot be read: {error!r}") from None
        rows, costs = (read_journal(self.folder / name)[0] for name in ("steps.jsonl", "ledger.jsonl"))
        # A step is written before its costs are.
        self.steps: StepList = StepList([Step.of(row, cost) for row, cost in zip(rows, costs, strict=False)])
        """All steps; step 0 is the reset. ``steps.to_pandas()`` has a row for each."""
        self._result = read_result(self.folder) if (self.folder / "result.json").exists() else {}

    @property
    def done(self) -> bool:
        """Whether it has come to its end; else ``genopt_gym.resume(run.folder)`` goes on with it."""
        return bool(self._result)

    @property
    def ended_by(self) -> str | None:
        """``solved``, ``updates``, ``agent`` or the budget that was spent; ``None`` while it is not done."""
        return self._result.get("ended_by")

    @property
    def start(self) -> ScoredArtifact:
        """The starting artifact."""
        return self._scored(0, "start_test_score")

    @property
    def best(self) -> ScoredArtifact:
        """The best artifact: by validation so far, or as it was selected at the end."""
        steps = self._made()
        return self._scored(
            best_step(self.folder, [step.validation_score for step in steps], self.metric), "test_score"
        )

    @property
    def ledger(self) -> RunLedger:
        """What it has cost so far."""
        last = self._made()[-1]
        models = {role: ModelAccount(**account) for role, account in last.models.items()}
        seconds = sum(step.seconds for step in self.steps)
        return RunLedger(last.total_trials, last.total_inner_steps, seconds, last.worker_seconds, models)

    def artifact(self, place: Place) -> Artifact:
        """The artifact that a step's evidence is about.

        Args:
            place: the step's number, or ``start``, or ``best``.

        Raises:
            UserError: there is no such step, or the artifact cannot be read.
        """
        if place in ("start", "best"):
            return (self.start if place == "start" else self.best).artifact
        steps = self._made()
        if isinstance(place, str) or not -len(steps) <= place < len(steps):
            raise UserError(f"the run in {self.folder} has steps 0 to {len(steps) - 1}, start and best, not {place!r}")
        return _read(self.folder, steps[place].artifact)

    def diff(self, a: Place = "start", b: Place = "best") -> str:
        """What became of the artifact from one step to another, as a unified diff; empty if nothing."""
        return self.artifact(b).diff(self.artifact(a))

    def trace(self, step: int) -> str:
        """The trace that the agent saw after a step, made again from what is stored; no agent and no model is asked.

        Raises:
            UserError: there is no such step, or it comes out differently with this version.
        """
        observations = self._observations
        if not 0 <= step < len(observations):
            raise UserError(f"the run in {self.folder} has steps 0 to {len(observations) - 1}, not {step!r}")
        return str(observations[step]["trace"])

    def plot(self) -> Figure:
        """The learning curve, as a figure of matplotlib: a notebook shows it, ``savefig(path)`` writes it."""
        figure = new_figure(7, 4.2)
        axes = figure.subplots()
        draw_curve(axes, [(step.outcome, step.score, step.best_score) for step in self._made()], self.metric)
        axes.set_title(self._title, fontsize=10)
        return figure

    def save(self, folder: str | Path) -> Run:
        """A copy of the whole run in a new folder: for runs that were made in a temporary one."""
        path = Path(folder)
        if path.exists():
            raise UserError(f"{path} already exists; choose another folder")
        shutil.copytree(self.folder, path, ignore=shutil.ignore_patterns("lock", "*.tmp"))
        return Run(path)

    @property
    def _title(self) -> str:
        return f"{self.config.id}, {self.config.agent}, seed {self.config.seed}"

    @cached_property
    def _observations(self) -> list[dict[str, Any]]:
        return [observation for observation, _ in replay_observations(self.folder)]

    def _made(self) -> StepList:
        if not self.steps:
            raise UserError(f"the run in {self.folder} has no finished step yet")
        return self.steps

    def _validation(self, step: Step) -> float:
        return self.metric.worst if step.validation_score is None else step.validation_score

    def _scored(self, number: int, test: str) -> ScoredArtifact:
        step = self._made()[number]
        confirmed = {each["artifact"]: each["confirmation_score"] for each in self._result.get("confirmed", ())}
        return ScoredArtifact(
            _read(self.folder, step.artifact),
            number,
            self._validation(step),
            self._result.get(test),
            confirmed.get(step.artifact),
        )

    def __repr__(self) -> str:
        state = f"ended by {self.ended_by}" if self.done else "not done"
        return f"<Run of {self._title}: {len(self.steps)} steps, {state}, in {self.folder}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: scores of start and best, and the curve."""
        if not self.steps:
            return f"<p>{escape(repr(self))}</p>"
        metric = self.metric
        rows = "".join(
            f"<tr><th>{name}</th><td>{number(each.validation, metric)}</td><td>{number(each.test, metric)}</td></tr>"
            for name, each in (("start", self.start), (f"best (step {self.best.step})", self.best))
        )
        head = f"<tr><th></th><th>validation</th><th>test</th></tr>{rows}"
        ended = f"ended by {self.ended_by}" if self.done else "not done"
        words = f"{len(self.steps) - 1} edits, {ended}, {self.ledger.trials:,} trials, {self.ledger.seconds:.0f} s"
        curve = sparkline([step.best_score for step in self.steps], self.metric)
        caption = f"<b>{escape(self._title)}</b><br>{escape(self.metric.name)}; {escape(words)}"
        return f"<div>{caption}<table>{head}</table>{curve}</div>"


def load_run(folder: str | Path) -> Run:
    """The run in a folder, finished or not.

    Raises:
        UserError: there is none, or it cannot be read.

    >>> load_run("no/such/folder")
    Traceback (most recent call last):
    genopt_gym.core.errors.UserError: no/such/folder is not a run folder: it has no config.json
    """
    return Run(folder)


def _read(folder: Path, id: str) -> Artifact:
    program = read_program(folder, id)
    components = tuple(
        Component(name, name, "", "text" if kind == "text" else "python") for name, kind, _ in program.components
    )
    texts = {name: text for name, _, text in program.components}
    return Artifact(components, program.workflow, texts, program.asks_model)
