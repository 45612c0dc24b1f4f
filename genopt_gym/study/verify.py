"""Whether stored scores are what stored artifacts score: they are run again, and compared."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.task import CONFIRMATION
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import read_run
from genopt_gym.runs.folder import read_artifact, read_config, read_result
from genopt_gym.runs.versions import Versions
from genopt_gym.study.folder import is_done

RESULT = {
    "start_score": ("start", "validation"),
    "validation_score": ("best", "validation"),
    "confirmation_score": ("best", "confirmation"),
    "start_test_score": ("start", "test"),
    "test_score": ("best", "test"),
}
"""Scores of ``result.json``: of which artifact, on which split."""


@dataclass(frozen=True)
class Claim:
    """A stored score: where it stands, which artifact got it, and on which split."""

    where: str
    artifact: str
    split: str
    score: float
    step: int


@dataclass
class Verification:
    """What verifying one run has found.

    Attributes:
        checked: how many stored scores were compared.
        changed: those that came out differently, with what came out.
        skipped: why the run cannot be verified, or empty.
        problem: what is wrong with its folder, or empty.
        other: steps whose scores are of another version of the user's own files than what is there now, in words.
        stored: versions of the packages that made the run.
    """

    checked: int = 0
    changed: list[tuple[Claim, float]] = field(default_factory=list)
    skipped: str = ""
    problem: str = ""
    other: list[str] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not self.changed and not self.problem


def verify_run(path: Path, every: bool = False) -> Verification:
    """Run stored artifacts of the run in ``path`` again, from nothing but their texts, and compare their scores.

    Args:
        path: the run's folder.
        every: the artifact of every step, not only start and best.
    """
    verification = Verification()
    try:
        _verify(path, every, verification)
    except UserError as error:
        verification.problem = str(error)
    except (KeyError, TypeError, AttributeError) as error:
        verification.problem = f"{path} is damaged: {error!r}"
    return verification


def _verify(path: Path, every: bool, verification: Verification) -> None:
    with warnings.catch_warnings():
        # What its loop was warned of is no news here.
        warnings.simplefilter("ignore")
        env = optimization_env(read_run(path).make())
    verification.stored = dict(read_config(path)["versions"])
    if not env.task.deterministic:
        verification.skipped = "its task is not deterministic: other scores would prove nothing"
        return
    if env.start.asks_model:
        verification.skipped = "its artifacts ask a model: their scores hold for the replies of that day"
        return
    tester = Evaluator(env.evaluator.spec, splits=("validation", CONFIRMATION, "test"))
    history, now = Versions.read(read_config(path)), dict(env.evaluator.spec.sources)
    verification.other = history.others(now)
    scores: dict[tuple[str, str], float] = {}
    for claim in _claims(path, env.task.metric.sign, every):
        if (version := history.of_step(claim.step)).files and version.task != now:
            continue
        place = (claim.artifact, claim.split)
        if place not in scores:
            artifact = env.start.edited(read_artifact(path, claim.artifact))
            if artifact.id != claim.artifact:
                raise UserError(f"artifact {claim.artifact} of {path} holds other texts than its name says")
            scores[place] = tester.evaluate(artifact, claim.split).score
        verification.checked += 1
        if claim.score != scores[place]:
            verification.changed.append((claim, scores[place]))


def _claims(path: Path, sign: int, every: bool) -> Iterator[Claim]:
    """What the files of a run say of scores; of a run in progress, what there is."""
    # Edits that could not be run have no score.
    rows = [row for row in read_journal(path / "steps.jsonl")[0] if row["validation_score"] is not None]
    chosen = {row["artifact"] for row in rows[:1]}
    if rows:
        chosen.add(max(rows, key=lambda row: sign * row["validation_score"])["artifact"])
    if is_done(path):
        result, last = read_result(path), len(read_journal(path / "steps.jsonl")[0])
        chosen |= {result["start"], result["best"]}
        for name, (which, split) in RESULT.items():
            if result.get(name) is not None:
                # What was made again at the end is of the last version; a start's validation is of the first.
                step = 0 if name == "start_score" else last
                yield Claim(f"result.json, {name}", result[which], split, result[name], step)
        for each in result.get("confirmed", ()):
            yield Claim("result.json, confirmed", each["artifact"], CONFIRMATION, each["confirmation_score"], last)
    for row in rows:
        if every or row["artifact"] in chosen:
            yield Claim(f"step {row['step']}", row["artifact"], "validation", row["validation_score"], row["step"])
