"""Reference programs: data that is whole, quotes nobody, and scores on test what is stored."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from genopt_gym.baselines.references import load, program, references
from genopt_gym.baselines.references.scoring import compare
from genopt_gym.cli.catalogue import facts
from genopt_gym.core.actions import not_runnable
from genopt_gym.core.metric import RECORD, Metric
from genopt_gym.core.task import TaskSpec
from genopt_gym.registration import TABLE
from tests.conftest import Genopt

KNOWN = references()
TASKS = {row.id: row.task for row in TABLE}
DATA = os.environ.get("GENOPT_TEST_DATA", "")
QUICK = ("GenOpt/Control-Acrobot-v0", "GenOpt/Reasoning-LegCounting-v0", "GenOpt/Tabular-Friedman-v0")
WORDS = 7
"""A run of so many words that stands in a question too would be a quotation, no way of asking."""
NEEDS = {"Reasoning": "reasoning_gym", "Tabular": "sklearn", "Control-LunarLander": "Box2D"}


@pytest.fixture(autouse=True)
def data_of_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_BBEH_DIR", str(Path(DATA) / "bbeh"))


def skip_without(id: str) -> None:
    if "/BBEH-" in id and not DATA:
        pytest.skip("GENOPT_TEST_DATA names no folder with the questions")
    for part, module in NEEDS.items():
        if part in id:
            pytest.importorskip(module)


@pytest.mark.parametrize("id", KNOWN)
def test_a_program_fits_its_task_and_is_the_one_that_was_scored(id: str) -> None:
    skip_without(id)
    artifact, spec = load(KNOWN[id])
    start = TaskSpec(spec.entry, spec.arguments).make().starting_artifact(KNOWN[id].start)
    assert artifact.id == KNOWN[id].artifact
    assert not_runnable(artifact, start, tuple(start.texts)) is None


@pytest.mark.parametrize("id", [pytest.param(id, marks=() if id in QUICK else pytest.mark.slow) for id in KNOWN])
@pytest.mark.timeout(3600)
def test_a_program_scores_what_is_stored(id: str) -> None:
    skip_without(id)
    found = compare(KNOWN[id])
    assert found.why in ("", "its task is not deterministic: another score would prove nothing")
    assert not found.changed, str(found)


@pytest.mark.parametrize("id", KNOWN)
def test_records_of_metrics_are_what_the_programs_score(id: str) -> None:
    skip_without(id)
    metric: Metric = TaskSpec(TASKS[id], {}).load().metric
    if metric.record is not None:
        assert metric.record == pytest.approx(KNOWN[id].score, rel=1e-5)
        assert metric.sources["record"] == RECORD
    else:
        # Where the best there is was reached, or the score is a time, the reference says as much.
        assert KNOWN[id].score == metric.reference or not TaskSpec(TASKS[id], {}).load().deterministic


def test_no_other_metric_claims_a_reference_program() -> None:
    for row in TABLE:
        if row.id not in KNOWN:
            assert facts(row).metric.sources.get("record") != RECORD


@pytest.mark.skipif(not DATA, reason="GENOPT_TEST_DATA is not set")
@pytest.mark.parametrize("id", [id for id in KNOWN if "/BBEH-" in id])
def test_no_program_quotes_a_question(id: str) -> None:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", id.split("-")[1]).lower()
    path = Path(DATA) / "bbeh" / "benchmark_tasks" / f"bbeh_{name}" / "task.json"
    asked = words(" ".join(each["input"] for each in json.loads(path.read_text())["examples"]))
    runs = {tuple(asked[i : i + WORDS]) for i in range(len(asked))}
    told = words("\n".join(program(id).values()))
    assert not runs & {tuple(told[i : i + WORDS]) for i in range(len(told) - WORDS + 1)}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_programs_are_played_and_listed(genopt: Genopt) -> None:
    ended = genopt("play", "--reference", "GenOpt/Control-Acrobot-v0", "--episodes", "2")
    assert ended.code == 0, ended.err
    scores = [float(score) for score in re.findall(r"score +(-?\d+)", ended.out)]
    assert scores[:2] == KNOWN["GenOpt/Control-Acrobot-v0"].scores[:2]
    (row,) = re.findall("^GenOpt/Control-Acrobot.*", genopt("list", "--scores").out, re.M)
    assert " -74.91 [" in row


def test_programs_are_verified(genopt: Genopt) -> None:
    ended = genopt("verify", "--references", "GenOpt/Control-Acrobot-v0")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("1 reference programs checked, 0 changed; 0 skipped\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["play", "--reference", "GenOpt/Control-Acrobat-v0"], "did you mean GenOpt/Control-Acrobot-v0?"),
        (["play"], "takes a run's folder, or --reference ID"),
        (["play", "run", "--reference", "GenOpt/Control-Acrobot-v0"], "takes a run's folder, or --reference ID"),
        (["verify"], "takes a study's folder or a run's, or --references"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(genopt: Genopt, words: list[str], told: str) -> None:
    ended = genopt(*words)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1
