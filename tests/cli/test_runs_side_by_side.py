"""``genopt show``, ``list --TABLE``, ``compare``, ``report`` of runs, ``--more-edits``, ``--version``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genopt_gym.cli.catalogue import REGISTRIES
from genopt_gym.core.parameters import ParameterDict
from genopt_gym.core.registry import load
from genopt_gym.version import VERSION
from tests.conftest import Genopt

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = ["--set", "start=modular/parametric", "--set", "validation_size=2", "--set", "test_size=2", "--edits", "3"]


def run(genopt: Genopt, agent: str, out: str, *words: str) -> None:
    ended = genopt("run", CARTPOLE, "--agent", agent, *SMALL, "--out", out, *words)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("table", REGISTRIES)
def test_list_prints_what_a_registry_holds_with_a_line_about_each(genopt: Genopt, table: str) -> None:
    ended = genopt("list", f"--{table}")
    assert ended.code == 0, ended.err
    registry = load(REGISTRIES[table])
    for name, line in registry.describe().items():
        assert re.search(rf"^{re.escape(name)} +{re.escape(line)}$", ended.out, re.M)
    assert "module:Class of your own" in ended.out


def test_the_help_lists_no_agent_by_hand(genopt: Genopt) -> None:
    words = genopt("run", "--help").out
    assert "genopt list" in words
    assert not [name for name in ("cma-es", "proposer", "best-of-n", "trace-opro") if name in words]


def test_show_lists_every_keyword_with_values_and_default(genopt: Genopt) -> None:
    ended = genopt("show", CARTPOLE)
    assert ended.code == 0, ended.err
    for name in ParameterDict.__annotations__:
        assert re.search(rf"^{name} ", ended.out, re.M), name
    assert re.search(r"^context +full, goal, none +full +the problem context", ended.out, re.M)
    assert re.search(r"^start +modular/naive, .*one_function/parametric +modular/naive ", ended.out, re.M)
    assert re.search(r"^validation_size +whole number +16", ended.out, re.M)


def test_show_tells_the_keywords_that_a_task_adds(genopt: Genopt) -> None:
    out = genopt("show", "GenOpt/Function-Any-v0").out
    assert re.search(r"^low +number, null +needed +the worst score there is", out, re.M)
    assert re.search(r"^deterministic +true, false +true ", out, re.M)


def test_compare_shows_in_what_runs_differ_and_what_they_came_to(genopt: Genopt) -> None:
    run(genopt, "random", "seeds", "--seeds", "2")
    run(genopt, "hill-climbing", "climber")
    ended = genopt("compare", "climber", "seeds")
    assert ended.code == 0, ended.err
    differing, scores = ended.out.split("\n\n")[:2]
    assert re.search(r"^climber +hill-climbing$", differing, re.M)
    assert re.search(r"^seeds/seed1 +random$", differing, re.M)
    result = json.loads(Path("climber/result.json").read_text())
    row = next(line for line in scores.splitlines() if line.startswith("climber"))
    assert [float(word) for word in row.split()[3:7]] == [
        round(result[name], 2) for name in ("start_score", "validation_score", "start_test_score", "test_score")
    ]
    assert "differ in their seeds alone" in genopt("compare", "seeds").out


@pytest.mark.slow
def test_runs_are_reported_together(genopt: Genopt) -> None:
    pytest.importorskip("rliable")
    run(genopt, "random", "random", "--seeds", "3")
    run(genopt, "hill-climbing", "climber", "--seeds", "3")
    ended = genopt("report", "random", "climber", "--out", "report")
    assert ended.code == 0, ended.err
    assert "6 of 6 runs are done" in ended.out
    assert Path("report/index.html").read_text().count("hill-climbing") > 1
    # A point of the curve is the mean over seeds.
    points = [line.split(",") for line in Path("report/curves.csv").read_text().splitlines()[1:]]
    assert {(line[2], line[-1]) for line in points} == {("random", "3"), ("hill-climbing", "3")}
    assert genopt("report", "random").code == 0
    assert Path("random/report/curves-edits.png").exists()
    again = genopt("report", "random", "random/seed0", "climber", "climber/seed1", "--out", "report")
    assert again.code == 0, again.err
    refused = genopt("report", "random", "climber", "--out", "random")
    assert (refused.code, "holds something that is no report" in refused.err) == (2, True)


def test_one_run_twice_is_no_second_seed(genopt: Genopt) -> None:
    run(genopt, "random", "one")
    run(genopt, "random", "two")
    ended = genopt("report", "one", "two", "--out", "report")
    assert ended.code == 2
    assert "one and two have task, agent, parameters and seed in common: leave one out" in ended.err


def test_more_edits_go_on_with_a_run_that_had_ended(genopt: Genopt) -> None:
    run(genopt, "hill-climbing", "run")
    ended = genopt("run", "--resume", "run", "--more-edits", "2")
    assert ended.code == 0, ended.err
    assert re.findall(r"^step +(\d+) ", ended.out, re.M) == list("012345")
    assert json.loads(Path("run/config.json").read_text())["run"]["edits"] == 5


def test_version_and_module(genopt: Genopt) -> None:
    assert genopt("--version").out == f"genopt-gym {VERSION}\n"
    command = [sys.executable, "-m", "genopt_gym", "--version"]
    assert subprocess.check_output(command, text=True) == f"genopt-gym {VERSION}\n"
