"""Meta-RL against CMA-ES and random edits: a table of every run, at the same number of edits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genopt_gym.baselines.meta_rl import AGENTS, ScoredRun, main, save_picture, tables

pytest.importorskip("stable_baselines3")


def runs(agent: str, tests: list[float]) -> list[ScoredRun]:
    return [ScoredRun(agent, 0, 100 + i, [20, 20 + i, test], 20, test) for i, test in enumerate(tests)]


MADE_UP = [
    *runs("trained PPO", [400, 300, 500]),
    *runs("untrained PPO", [100, 200, 300]),
    *runs("cma-es", [500, 400, 600]),
    *runs("random", [500, 200, 500]),
]


def test_tables_show_every_run_and_every_difference() -> None:
    each, differences = tables(MADE_UP, sign=1).split("\n\n")
    assert each.splitlines()[2:] == [
        "| 0 | 100 | 20 | 400 | 100 | 500 | 500 |",
        "| 0 | 101 | 20 | 300 | 200 | 400 | 200 |",
        "| 0 | 102 | 20 | 500 | 300 | 600 | 500 |",
    ]
    assert differences.splitlines()[2:] == [
        "| 0 | 3 | 400 | untrained PPO | 200 | +200 | +100 .. +300 | better |",
        "| 0 | 3 | 400 | cma-es | 500 | -100 | -100 .. -100 | worse |",
        "| 0 | 3 | 400 | random | 400 | +0 | -100 .. +100 | open |",
    ]


def test_less_is_better_where_the_metric_says_so() -> None:
    verdicts = [row.rsplit("| ", 1)[1] for row in tables(MADE_UP, sign=-1).splitlines()[-3:]]
    assert verdicts == ["worse |", "better |", "open |"]


def test_picture_is_drawn(tmp_path: Path) -> None:
    save_picture(tmp_path / "curve.png", MADE_UP, "title")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--starts", "2"], "an interval needs at least --starts 3"),
        (["GenOpt/Control-CartPol-v0"], "doesn't exist"),
    ],
)
def test_what_cannot_be_compared_is_told(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([*arguments, "--out", str(tmp_path / "out")])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_small_study_gives_each_agent_the_same_number_of_edits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--seeds", "1", "--steps", "256", "--starts", "3", "--edits", "3", "--out", str(tmp_path)])
    out, err = capsys.readouterr()
    assert "seed 0: 256 of 256 edits" in err
    results = json.loads((tmp_path / "results.json").read_text())
    assert [(each["agent"], each["split"]) for each in results["runs"]] == [
        (agent, split) for split in (100, 101, 102) for agent in AGENTS
    ]
    for each in results["runs"]:
        assert len(each["validation"]) == 1 + 3
        assert each["validation"] == sorted(each["validation"])
    starts = {(each["split"], each["validation"][0], each["start_test"]) for each in results["runs"]}
    assert len(starts) == 3  # all agents begin at the same artifact
    assert tables([ScoredRun(**each) for each in results["runs"]], sign=1) in out
    assert (tmp_path / "curve.png").exists()
