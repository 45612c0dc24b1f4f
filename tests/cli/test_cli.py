"""The command line: what it prints, where it writes, and how it ends."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from genopt_gym.cli.environments import show_environments
from genopt_gym.registration import FUNCTION, TABLE
from tests.conftest import Genopt

CARTPOLE = "GenOpt/Control-CartPole-v0"
RUN = ["run", CARTPOLE, "--agent", "hill-climbing", "--set", "start=modular/parametric"]
SMALL = ["--set", "validation_size=4", "--set", "test_size=4", "--edits", "3"]
COMMAND = [sys.executable, "-c", "from genopt_gym.cli import main; main()"]


def test_list_shows_every_id_with_its_facts(genopt: Genopt) -> None:
    ended = genopt("list")
    assert ended.code == 0
    line = next(line for line in ended.out.splitlines() if line.startswith(CARTPOLE))
    assert re.search(r"Control +modular/naive, .*one_function/parametric +steps .*, 0 \.\. 500 +475", line)


def test_list_shows_a_family(genopt: Genopt) -> None:
    ids = [line.split()[0] for line in genopt("list", "--family", "heuristics").out.splitlines()[1:]]
    assert ids
    assert all(id.startswith("GenOpt/Heuristics-") for id in ids)
    assert "GenOpt/Objects-Pong-v0" in genopt("list", "--family", "Objects").out
    ended = genopt("list", "--family", "Atary")
    assert (ended.code, ended.err) == (2, "genopt: there is no family 'Atary'; did you mean Atari?\n")


def test_list_shows_a_suite_with_its_parameters(genopt: Genopt) -> None:
    from genopt_gym.suites import SUITES

    for name, suite in SUITES.items():
        first, _, *lines = genopt("list", "--suite", name).out.splitlines()
        assert first == f"suite {name}: {suite.what}"
        assert sorted(line.split()[0] for line in lines) == sorted(suite.tasks)
    [line] = genopt("list", "--suite", "suite:quick", "--family", "tabular").out.splitlines()[2:]
    assert re.match(r"GenOpt/Tabular-Friedman-v0 +Tabular +start=modular/stub ", line)
    for arguments, words in (
        (["--suite", "quik"], "no suite 'quik'; did you mean quick?"),
        (["--suite", "quick", "--family", "BBEH"], "suite quick has no environment of the family BBEH"),
        (["--suite", "quick", "--scores"], "--suite is about environments, and --scores shows something else"),
    ):
        ended = genopt("list", *arguments)
        assert ended.code == 2
        assert words in ended.err


def test_no_id_is_broken_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr("genopt_gym.cli.environments.Console", lambda: screen)
    show_environments()
    out = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(f" {row.id} " in out for row in (*TABLE, FUNCTION))
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in out.splitlines()) <= 80


def test_a_run_prints_a_line_a_step_and_names_what_it_wrote(genopt: Genopt) -> None:
    ended = genopt(*RUN, *SMALL)
    assert ended.code == 0, ended.err
    steps = re.findall(r"^step +(\d+)  \w+ +score +\S+  best +\S+  trials +(\d+) +\S+ s$", ended.out, re.M)
    assert [int(step) for step, _ in steps] == [0, 1, 2, 3]
    assert [int(trials) for _, trials in steps] == [5, 10, 15, 20]
    assert re.search(r"^start  validation +\S+  test +\S+$", ended.out, re.M)
    folder = "runs/control-cartpole-hill-climbing-seed0"
    for name in (folder, f"{folder}/curve.png", f"{folder}/best.py", f"{folder}/best.gif"):
        assert re.search(f" {re.escape(name)}$", ended.out, re.M)
        assert Path(name).exists()
    assert not ended.err


def test_a_run_is_filmed_unless_it_is_said_not_to_be(genopt: Genopt) -> None:
    film = Path("runs/control-cartpole-hill-climbing-seed0/best.gif")
    ended = genopt(*RUN, *SMALL, "--no-film")
    assert ended.code == 0, ended.err
    assert "film" not in ended.out
    assert not film.exists()
    longer = "run", "--resume", str(film.parent), "--more-edits", "1"
    assert genopt(*longer).code == 0
    assert film.exists()
    # That film would show what was best before.
    assert genopt(*longer, "--no-film").code == 0
    assert not film.exists()


def test_a_second_run_takes_a_new_folder_and_a_named_one_is_never_overwritten(genopt: Genopt) -> None:
    assert "seed0\n" in genopt(*RUN, *SMALL).out
    assert "seed0-2\n" in genopt(*RUN, *SMALL).out
    folder = "runs/control-cartpole-hill-climbing-seed0"
    ended = genopt(*RUN, *SMALL, "--out", folder)
    assert ended.code == 2
    assert f"already exists; resume it with --resume {folder}" in ended.err


def test_seeds_end_with_a_table_and_an_interval(genopt: Genopt) -> None:
    ended = genopt(*RUN, *SMALL, "--seeds", "3")
    assert ended.code == 0, ended.err
    table = ended.out[ended.out.index("best validation") :]
    assert re.findall(r"^(0|1|2|mean|95%) ", table, re.M) == ["0", "1", "2", "mean", "95%"]
    assert "percentile bootstrap interval of the mean over 3 seeds" in table
    folder = Path("runs/control-cartpole-hill-climbing-3seeds")
    assert [(folder / f"seed{n}" / "result.json").exists() for n in range(3)] == [True] * 3

    shutil.rmtree(folder / "seed1")
    again = genopt("run", "--resume", str(folder))
    assert again.code == 0, again.err
    assert again.out[again.out.index("best validation") :] == table


def test_two_seeds_allow_no_conclusion(genopt: Genopt) -> None:
    ended = genopt(*RUN, *SMALL, "--seeds", "2")
    assert "2 seeds: too few for any conclusion" in ended.out
    assert "95%" not in ended.out


def test_play_prints_scores_of_test_episodes(genopt: Genopt) -> None:
    genopt(*RUN, *SMALL, "--out", "run")
    ended = genopt("play", "run", "--episodes", "2")
    assert ended.code == 0, ended.err
    assert re.search(r"^test/0 +score +\d+ +\d+ steps\ntest/1 .*\nmean ", ended.out, re.M)
    assert re.search(r"^film +run/best\.gif$", ended.out, re.M)
    assert sorted(os.listdir()) == ["run"]


def test_set_takes_json_or_text(genopt: Genopt) -> None:
    words = ["--set", 'editable=["select_action"]', "--set", "accept=valid", "--set", "credit_horizon=null"]
    assert genopt(*RUN, *SMALL, *words, "--agent-option", "x").code == 2
    assert genopt(*RUN, *SMALL, *words, "--out", "run").code == 0
    config = (Path("run") / "config.json").read_text()
    assert '"editable": [\n    "select_action"\n   ]' in config
    assert '"accept": "valid"' in config
    assert '"credit_horizon": null' in config


def test_an_agent_of_ones_own_is_found_where_one_stands(genopt: Genopt) -> None:
    Path("idle_agent.py").write_text(
        "from genopt_gym.agents import Agent\nclass Idle(Agent):\n    def act(self, observation):\n        return {}\n"
    )
    ended = genopt("run", CARTPOLE, "--agent", "idle_agent:Idle", *SMALL)
    assert ended.code == 0, ended.err
    assert ended.out.count("unchanged") == 3
    assert "runs/control-cartpole-idle-seed0" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "name an environment"),
        (["run", CARTPOLE], "name the optimizer with --agent"),
        (["run", "GenOpt/Control-CartPol-v0", "--agent", "random"], "Did you mean: `Control-CartPole`"),
        (["run", CARTPOLE, "--agent", "rndom"], "did you mean 'random'?"),
        (["run", CARTPOLE, "--agent", "random", "--set", "strat=x"], "did you mean 'start'?"),
        (["run", CARTPOLE, "--agent", "random", "--set", "start"], "--set takes KEY=VALUE, got 'start'"),
        (["run", CARTPOLE, "--agent", "random", "--seed", "1", "--seeds", "2"], "give one of the two"),
        (["run", CARTPOLE, "--agent", "random", "--edits", "0"], "greater than or equal to 1"),
        (["run", CARTPOLE, "--agent", "random", "--sets", "x=1"], "No such option"),
        (["run", "--resume", "nowhere"], "nowhere is not a run folder"),
        (
            ["run", CARTPOLE, "--resume", "nowhere"],
            "only what changes nothing that was done may go with it: --more-edits, --budget",
        ),
        (
            ["run", CARTPOLE, "--agent", "random", "--more-edits", "2"],
            "adds to a run that is there: name it with --resume",
        ),
        (["run", CARTPOLE, "--agent", "json:JSONDecoder"], "json:JSONDecoder is not an agent: an agent is a class"),
        (["list", "--agents", "--callbacks"], "genopt list shows one table: --agents or --callbacks"),
        (["show", "GenOpt/Control-CartPol-v0"], "Did you mean: `Control-CartPole`"),
        (["show", "CartPole-v1"], "CartPole-v1 is an environment, but none whose steps are edits"),
        (["compare", "nowhere"], "nowhere is not a run folder"),
        (["report", "one", "two"], "with --out DIR"),
        (["play", "nowhere"], "nowhere is not a run folder"),
        (["dance"], "No such command"),
        (["prompt", CARTPOLE, "--agent", "random"], "random asks no model, so there is no prompt to show"),
        (["run", CARTPOLE, "--agent", "proposer"], "agent 'proposer' needs the option 'model'"),
        (["run", CARTPOLE, "--agent", "proposer", "--model", "local/no.gguf"], "there is no model file no.gguf"),
        (["run", CARTPOLE, "--agent", "manual"], "agent 'manual' needs the option 'exchange'"),
        (["run", CARTPOLE, "--agent", "random", "--model", "openai/x"], "agent 'random' has no option 'model'"),
        (["run", CARTPOLE, "--agent", "proposer", "--model", "openai/x", "--replay", "none"], "nothing to replay"),
    ],
)
def test_bad_input_ends_with_a_sentence_and_writes_nothing(genopt: Genopt, arguments: list[str], words: str) -> None:
    ended = genopt(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not os.listdir()


def test_play_refuses_what_it_cannot_do(genopt: Genopt, monkeypatch: pytest.MonkeyPatch) -> None:
    genopt(*RUN, *SMALL, "--out", "run")
    monkeypatch.setitem(sys.modules, "pygame", None)
    for arguments, words in (
        (["run", "--film", "film.gif"], "CartPole has no screen, so there is nothing to film: leave out --film"),
        (["run", "--boxes"], "CartPole observes no objects with a place on a screen: leave out --boxes"),
        (["run", "--episodes", "5"], "there are 4 test trials, fewer than the 5 asked for"),
    ):
        ended = genopt("play", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert words in ended.err


def test_a_task_whose_own_code_fails_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "broken_task.py").write_text(
        "import gymnasium as gym\n"
        "from genopt_gym.envs.control.cart_pole import CartPole\n"
        "class Broken(CartPole):\n"
        "    def start_episode(self, instance, slot):\n"
        "        raise RuntimeError('no pole today')\n"
        "gym.register('Mine/Broken-v0', 'genopt_gym.env:OptimizationEnv', max_episode_steps=2,\n"
        "    kwargs={'task': 'broken_task:Broken'})\n"
    )
    words = ["run", "broken_task:Mine/Broken-v0", "--agent", "random"]
    ended = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("genopt: a block of broken_task:Broken")
    assert "failed in the task's own code" in ended.stderr
    assert "RuntimeError: no pole today" in ended.stderr


def test_help_and_list_load_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['genopt', 'list']\n"
        "from genopt_gym.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('matplotlib', 'torch', 'PIL', 'pandas', 'sklearn', 'cmaes')\n"
        "print([module for module in heavy if module in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"
