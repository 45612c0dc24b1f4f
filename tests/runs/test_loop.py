"""A run is a folder; whatever interrupts it, resuming gives what an unbroken run gives."""

from __future__ import annotations

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.folder import RunFolder, claim_path
from genopt_gym.runs.loop import read_best, resume_run, start_run
from genopt_gym.sandbox.tier import choose

CONFIG = Config(
    "GenOpt/Control-CartPole-v0",
    "hill-climbing",
    seed=1,
    edits=6,
    parameters={"start": "modular/parametric", "validation_size": 4, "test_size": 4},
)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests copy it before they damage it."""
    path = tmp_path_factory.mktemp("runs") / "unbroken"
    start_run(CONFIG, path)
    return path


@pytest.fixture
def copy(unbroken: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unbroken, tmp_path / "copy"))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "steps.jsonl").read_text().splitlines()]


def cut(path: Path, name: str, size: int) -> None:
    with (path / name).open("r+b") as file:
        file.truncate(size)


def test_a_run_leaves_everything_a_person_wants(unbroken: Path) -> None:
    steps = rows(unbroken)
    assert [row["step"] for row in steps] == list(range(7))
    assert {"outcome", "score", "best_score", "reward", "artifact", "trials"} <= steps[0].keys()
    assert steps[-1]["truncated_by"] == "updates"
    stored = {path.stem for path in (unbroken / "artifacts").iterdir()}
    assert stored == {row["artifact"] for row in steps}
    result = json.loads((unbroken / "result.json").read_text())
    assert [each["validation_score"] for each in result["confirmed"]] == sorted(
        {row["artifact"]: row["validation_score"] for row in steps}.values(), reverse=True
    )[:3]
    [chosen] = [each for each in result["confirmed"] if each["artifact"] == result["best"]]
    assert chosen["confirmation_score"] == max(each["confirmation_score"] for each in result["confirmed"])
    assert (result["validation_score"], result["best_step"]) == (chosen["validation_score"], chosen["step"])
    assert result["ended_by"] == "updates"
    compile((unbroken / "best.py").read_text(), "best.py", "exec")
    assert (unbroken / "best.diff").read_text().startswith("--- start")
    assert (unbroken / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (unbroken / "best.gif").read_bytes().startswith(b"GIF")


def test_the_best_of_a_run_is_what_its_result_names(unbroken: Path) -> None:
    best, _ = read_best(unbroken)
    assert best.id == json.loads((unbroken / "result.json").read_text())["best"]
    assert best.source == (unbroken / "best.py").read_text()


@pytest.mark.parametrize("name", ["steps.jsonl", "evaluations.bin", "both"])
def test_resuming_after_a_cut_at_any_byte_gives_the_unbroken_run(unbroken: Path, tmp_path: Path, name: str) -> None:
    rng = random.Random(name)
    names = ["steps.jsonl", "evaluations.bin"] if name == "both" else [name]
    sizes = {n: (unbroken / n).stat().st_size for n in names}
    for trial in range(8):
        path = Path(shutil.copytree(unbroken, tmp_path / str(trial)))
        for n, size in sizes.items():
            # The first cuts are at the ends, where mistakes are made.
            cut(path, n, [0, size - 1, 1][trial] if trial < 3 else rng.randrange(size))
        resume_run(path)
        assert (path / "steps.jsonl").read_bytes() == (unbroken / "steps.jsonl").read_bytes()
        assert (path / "result.json").read_bytes() == (unbroken / "result.json").read_bytes()


def test_the_ledger_of_a_resumed_run_counts_on(unbroken: Path, copy: Path) -> None:
    def totals(path: Path) -> list[tuple[int, int, int]]:
        ledger = map(json.loads, (path / "ledger.jsonl").read_text().splitlines())
        return [(row["step"], row["trials"], row["inner_steps"]) for row in ledger]

    for name in ("steps.jsonl", "ledger.jsonl"):
        lines = (copy / name).read_bytes().splitlines(keepends=True)
        (copy / name).write_bytes(b"".join(lines[:3]))
    resume_run(copy)
    assert totals(copy) == totals(unbroken)
    assert [step for step, _, _ in totals(copy)] == list(range(7))


@pytest.mark.parametrize("budget", [{"trials": 7}, {"inner_steps": 2500}])
def test_a_budget_too_small_for_one_edit_is_told_before_the_first(tmp_path: Path, budget: dict[str, int]) -> None:
    config = Config(CONFIG.id, "hill-climbing", edits=50, parameters={**CONFIG.parameters, "budget": budget})
    with pytest.raises(UserError, match="too small for one edit, and nothing was tried"):
        start_run(config, tmp_path / "run")
    # What trials a step takes is known before; how many inner steps these will have is not.
    steps = tmp_path / "run" / "steps.jsonl"
    assert (steps.read_bytes().count(b"\n") if steps.exists() else 0) == ("inner_steps" in budget)


def test_the_tier_is_recorded(unbroken: Path) -> None:
    assert json.loads((unbroken / "config.json").read_text())["machine"]["confinement"] == choose()


def test_a_budget_is_not_spent_anew_by_resuming(tmp_path: Path) -> None:
    parameters = {**CONFIG.parameters, "budget": {"trials": 20}}
    config = Config(CONFIG.id, "hill-climbing", edits=50, parameters=parameters)
    result = start_run(config, tmp_path / "run")
    assert result.ended_by == "budget of trials"
    before = (tmp_path / "run" / "steps.jsonl").read_bytes()
    assert 1 < before.count(b"\n") < 10
    cut(tmp_path / "run", "steps.jsonl", len(before) // 2)
    assert resume_run(tmp_path / "run") == result
    assert (tmp_path / "run" / "steps.jsonl").read_bytes() == before


def test_a_flipped_byte_among_the_evaluations_costs_only_time(unbroken: Path, copy: Path) -> None:
    data = bytearray((copy / "evaluations.bin").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (copy / "evaluations.bin").write_bytes(data)
    cut(copy, "steps.jsonl", 0)
    resume_run(copy)
    assert (copy / "steps.jsonl").read_bytes() == (unbroken / "steps.jsonl").read_bytes()


def test_a_damaged_line_in_the_middle_is_named_and_nothing_is_lost(copy: Path) -> None:
    lines = (copy / "steps.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = b'{"step": 2, "outc\r\x85\n'
    (copy / "steps.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(UserError, match=r"line 3 of .*steps\.jsonl is damaged"):
        resume_run(copy)
    assert (copy / "steps.jsonl").read_bytes() == b"".join(lines)


def test_steps_that_come_out_differently_are_not_overwritten(copy: Path) -> None:
    data = (copy / "steps.jsonl").read_bytes().replace(b'"outcome": "ok"', b'"outcome": "crashed"', 1)
    (copy / "steps.jsonl").write_bytes(data)
    with pytest.raises(UserError, match=r"step 0 .* comes out differently"):
        resume_run(copy)
    assert (copy / "steps.jsonl").read_bytes() == data


def test_a_folder_that_holds_something_is_refused(unbroken: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="already exists; resume it with --resume"):
        start_run(CONFIG, unbroken)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        start_run(CONFIG, tmp_path)
    with pytest.raises(UserError, match="already exists"):
        start_run(CONFIG, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_killed_before_its_configuration_was_written_can_begin_again(unbroken: Path, tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").close()
    with pytest.raises(UserError, match="not a run folder"):
        resume_run(tmp_path / "run")
    start_run(CONFIG, tmp_path / "run")
    assert (tmp_path / "run" / "steps.jsonl").read_bytes() == (unbroken / "steps.jsonl").read_bytes()


def test_two_processes_cannot_hold_one_folder(copy: Path) -> None:
    folder = RunFolder(copy)
    with pytest.raises(UserError, match="another process is running"):
        resume_run(copy)
    folder.close()
    resume_run(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": {"id": "x"}}', '{"run": {"nope": 1}}', "{}"])
def test_a_damaged_configuration_is_named(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"configuration in .* cannot be read"):
        read_run(copy)


def test_runs_that_are_begun_at_once_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(claim_path, [tmp_path / "runs" / "run"] * 24))
    assert sorted(claimed) == sorted(tmp_path / "runs" / f"run{end}" for end in ("", *(f"-{n}" for n in range(2, 25))))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"id": "GenOpt/Control-CartPol-v0"}, "Did you mean"),
        ({"id": "CartPole-v1", "parameters": {}}, "none whose steps are edits"),
        ({"id": "no_such_module:X-v0"}, "No module named"),
        ({"agent": "hill-climbin"}, "did you mean 'hill-climbing'"),
        ({"agent": "json:JSONDecoder"}, "is not an agent: an agent is a class that inherits"),
        ({"agent": "json:Nothing"}, "Nothing"),
        ({"agent_options": {"speed": 1}}, "no option 'speed'"),
        ({"agent": "cma-es", "agent_options": {"sigma": "wide"}}, "sigma must be a number above 0"),
        ({"agent": "scripted", "agent_options": {"edits": "nowhere.json"}}, "nowhere.json cannot be read"),
        ({"parameters": {"strat": "x"}}, "did you mean 'start'"),
        ({"parameters": {"start": "x"}}, "no start 'x'"),
        ({"parameters": {"task": "x:Y"}}, "task cannot be set"),
        ({"parameters": {"validation_size": "many"}}, "validation_size must be a whole number"),
        ({"parameters": {"split_seed": 0.5}}, "split_seed must be a whole number"),
        ({"parameters": {"budget": {"trials": 3}}}, "the budget of 3 trials would be passed"),
        (
            {"parameters": {"batch_size": 11, "train_size": 10, "max_trace_chars": 1_000_000}},
            "more than the 10 train instances",
        ),
        ({"parameters": {"editable": 5}}, "editable must be a list"),
        ({"parameters": {"feedback": "score"}}, "feedback must be a list"),
        ({"parameters": {"budget": 5}}, "budget must be a mapping"),
    ],
)
def test_wrong_words_are_explained(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        start_run(Config(**{**vars(CONFIG), **wrong}), tmp_path / "run")
    assert "environment creator" not in str(error.value)
