"""What results are held against: every figure has a source, and those measured here are the recorded ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genopt_gym.baselines.measured import Series, measured
from genopt_gym.cli.environments import facts
from genopt_gym.core.task import Metric
from genopt_gym.registration import TABLE
from tests.conftest import Genopt

ROOT = Path(__file__).parents[2]
METRICS: dict[str, Metric] = {row.id: facts(row).metric for row in TABLE}


def test_every_environment_has_a_row_and_every_figure_a_source(genopt: Genopt) -> None:
    ended = genopt("list", "--scores")
    assert ended.code == 0
    table, _, legend = ended.out.partition("\n\n")
    head, *rows = table.splitlines()
    assert re.split("  +", head) == ["id", "metric", "floor", "reference", "record", "published", "measured"]
    assert [row.split()[0] for row in rows] == list(METRICS)
    keys = [int(key) for key in re.findall(r"^\[(\d+)\] \S", legend, re.M)]
    assert keys == list(range(1, len(keys) + 1))
    assert {int(key) for key in re.findall(r"\[(\d+)\]", table)} == set(keys)


def test_a_row_tells_floor_human_published_and_measured_scores(genopt: Genopt) -> None:
    out = genopt("list", "--scores").out
    (row,) = re.findall("^GenOpt/Atari-Asterix.*", out, re.M)
    found = re.search(
        r"more is better +210 \[(\d+)\] +8,503 \[(\d+)\] +143,097.5 \[(\d+)\]"
        r" +6,012 \[(\d+)\], 4,532.5 \[(\d+)\], 3,467 \[(\d+)\]"
        r" +4,203.3 \(3,780 \.\. 5,018; 3\) \[(\d+)\]$",
        row,
    )
    assert found, row
    words = (
        "random policy, Mnih",
        "human, Mnih",
        "reference program",
        "DQN .* Mnih",
        "PPO .* Schulman",
        "Nie et al. 2026",
        "cma-es .* 40 edits",
    )
    for key, word in zip(found.groups(), words, strict=True):
        assert re.search(rf"^\[{key}\] .*{word}", out, re.M), word
    (row,) = re.findall("^GenOpt/Tabular-Friedman.*", out, re.M)
    assert "less is better" in row


@pytest.mark.parametrize("id", METRICS)
def test_scores_lie_within_the_metrics_bounds(id: str) -> None:
    low, high = METRICS[id].bounds
    ours = [score for series in measured() for score in series.scores.get(id, [])]
    assert all(low <= score <= high for score in [*METRICS[id].published.values(), *ours])


def recorded_scores(text: str, task: str) -> list[str]:
    """Test scores by seed: of a task's rows in a table of all tasks, or of PPO's in the section of its game."""
    section = re.search(rf"^## {task.partition('-')[2]}: .*?(?=^## |\Z)", text, re.M | re.S)
    if section is not None:
        return re.findall(r"^\| ppo \|(?: [^|]+ \|){5} ([^|]+) \|", section[0], re.M)
    return re.findall(rf"^\| {task} \|(?: [^|]+ \|){{6}} ([^|]+) \|", text, re.M)


@pytest.mark.parametrize("series", measured(), ids=lambda series: Path(series.results).stem)
def test_measured_scores_are_those_of_the_recorded_tables(series: Series) -> None:
    text = (ROOT / series.results).read_text(encoding="utf-8")
    assert series.command.partition(" GenOpt/")[0] in text
    for id, scores in series.scores.items():
        assert id in METRICS
        recorded = recorded_scores(text, id.removeprefix("GenOpt/").removesuffix("-v0"))
        assert [float(score) for score in recorded] == scores
