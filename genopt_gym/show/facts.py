"""What a page tells of a run beside its evidence: one JSON value, made from what the run has stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.runs.folder import read_config, read_program
from genopt_gym.runs.run import Run, ScoredArtifact
from genopt_gym.runs.steps import Step
from genopt_gym.show.lineage import Lineage
from genopt_gym.version import VERSION


def run_facts(run: Run) -> dict[str, Any]:
    """All that is known of the run without its evidence, as plain data.

    Raises:
        UserError: the folder is damaged.
    """
    facts, config = read_config(run.folder), run.config
    found = {
        "version": VERSION,
        "folder": run.folder.absolute().name,
        "id": config.id,
        "agent": config.agent,
        "seed": config.seed,
        "edits": facts.get("spec", {}).get("max_episode_steps"),
        "parameters": config.parameters,
        "agent_options": {name: value for name, value in config.agent_options.items() if name != "exchange"},
        "metric": asdict(run.metric),
        "versions": facts.get("versions", {}),
        "machine": facts.get("machine", {}),
    }
    return found | progress_facts(run)


def progress_facts(run: Run) -> dict[str, Any]:
    """The part of it that changes while the run goes on, without the steps."""
    made = bool(run.steps)
    return {
        "done": run.done,
        "ended_by": run.ended_by,
        "start": scored(run.start) if made else None,
        "best": scored(run.best) if made else None,
    }


def scored(artifact: ScoredArtifact) -> dict[str, Any]:
    """An artifact's scores; ``confirmation`` where it was run again on fresh instances."""
    return {
        "step": artifact.step,
        "artifact": artifact.artifact.id,
        "validation": artifact.validation,
        "test": artifact.test,
        "confirmation": getattr(artifact, "confirmation", None),
    }


class StepRows:
    """A row for each step of a run: scores, outcome, costs so far, what its edit was applied to, and made from.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.artifacts = Artifacts(folder)
        self.rows: list[dict[str, Any]] = []
        self._lineage = Lineage()
        self._current = 0

    def read(self, steps: Sequence[Step]) -> Sequence[Mapping[str, Any]]:
        """All rows, of a run that may have gone on since."""
        texts = self.artifacts.read(steps)
        if self.rows and len(steps) >= len(self.rows):
            # More edits may have been given to a run: then its last step ends it no longer.
            self.rows[-1] |= _plain(steps[len(self.rows) - 1])
        for step in steps[len(self.rows) :]:
            descent = self._lineage.add(step.artifact, texts.get(step.artifact, {}), step.parents)
            base = self._current if step.step else None
            self.rows.append(_plain(step) | {"base": base} | descent._asdict())
            if step.accepted:
                self._current = step.step
        return self.rows


def _plain(step: Step) -> dict[str, Any]:
    return step.as_row() | {"trials": [dict(trial) for trial in step.trials]}


class Artifacts:
    """The artifacts of a run's steps, each read once.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.texts: dict[str, dict[str, str]] = {}
        self.kinds: dict[str, str] = {}
        """Component to ``python`` or ``text``."""
        self.workflow = ""

    def read(self, steps: Sequence[Step]) -> Mapping[str, Mapping[str, str]]:
        """Id to component to text, of all these steps; one that cannot be read is left out."""
        for id in {step.artifact: None for step in steps}:
            if id in self.texts:
                continue
            try:
                program = read_program(self._folder, id)
            except UserError:
                continue
            self.texts[id] = {name: text for name, _, text in program.components}
            self.kinds |= {name: kind for name, kind, _ in program.components}
            self.workflow = program.workflow
        return self.texts

    def chunk(self) -> dict[str, Any]:
        """As the page wants them."""
        return {"texts": self.texts, "kinds": self.kinds, "workflow": self.workflow}
