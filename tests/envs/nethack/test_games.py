"""NetHack: games that are functions of their seed, what a player is told and may do, and where it starts."""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.nethack.game import Game, lacks
from genopt_gym.envs.nethack.keys import ANSWERS, COMMANDS
from genopt_gym.envs.nethack.tasks import NetHackEat, NetHackGold, NetHackScore, NetHackStaircase
from genopt_gym.evaluation import Evaluation, Evaluator

needs_nle = pytest.mark.skipif("not __import__('importlib').util.find_spec('nle')", reason="nle is not installed")
WALK = ["north", "east", "southeast", "search", "west", "southwest", "northwest", "south"] * 12


def play(name: str, artifact: str | dict[str, str], trials: int = 2, **arguments: Any) -> Evaluation:
    """Test games of a start, or of a text of ``policy``."""
    spec = TaskSpec(f"genopt_gym.envs.nethack.tasks:NetHack{name}", {"test_size": trials, **arguments})
    evaluator = Evaluator(spec, splits=("test",))
    if isinstance(artifact, str):
        return evaluator.evaluate(evaluator.task.starting_artifact(artifact), "test")
    return evaluator.evaluate(evaluator.task.starting_artifact("one_function/stub").edited(artifact), "test")


def screens(seed: int) -> list[Any]:
    game, seen = Game(seed), []
    for action in WALK:
        if game.over:
            break
        game.do("escape" if game.asks else action)
        seen.append(game.observe())
    game.close()
    return seen


def test_no_action_ends_saves_or_sets_up_the_game() -> None:
    forbidden = {ord(key) for key in "S!O#@"} | {0x80 | ord("q"), 0x80 | ord("X")}
    assert forbidden.isdisjoint(COMMANDS.values())


def test_keys_that_only_answer() -> None:
    assert lacks(asks=True, result="y") is None
    assert lacks(asks=False, result="north") is None
    assert "answers questions" in str(lacks(asks=False, result="y"))
    assert "'fly' is no action" in str(lacks(asks=True, result="fly"))
    assert all(lacks(asks=True, result=result) for result in (["north"], 3, None))
    assert "S" in ANSWERS


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nle", None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[nethack\]'"):
        gym.make("GenOpt/NetHack-Score-v0")


@needs_nle
def test_max_steps_is_a_number() -> None:
    with pytest.raises(ValueError, match="max_steps must be a whole number from 1, got 0"):
        NetHackScore(max_steps=0)


@needs_nle
def test_a_game_is_a_function_of_its_seed() -> None:
    assert screens(5) == screens(5)
    assert screens(5) != screens(6)


@needs_nle
def test_games_at_the_same_time_do_not_meet() -> None:
    alone = screens(5)
    other, game, seen = Game(9), Game(5), []
    for action in WALK:
        if game.over:
            break
        other.do("escape" if other.asks else "south")
        game.do("escape" if game.asks else action)
        seen.append(game.observe())
    game.close()
    other.close()
    assert seen == alone


@needs_nle
def test_what_is_told() -> None:
    game = Game(1)
    told = game.observe()
    assert [len(line) for line in told["screen"]] == [80] * 24
    row, column = told["cursor"]
    assert told["screen"][row][column] == "@"
    assert (row, column) == (told["stats"]["y"] + 1, told["stats"]["x"])
    assert told["stats"]["hit_points"] == told["stats"]["max_hit_points"] > 0
    assert any("welcome to NetHack" in message for message in told["messages"])
    assert any("food" in text for text in told["inventory"].values())
    game.do("eat")
    assert game.asks
    assert "What do you want to eat" in game.observe()["messages"][-1]
    game.do("escape")
    assert not game.asks
    game.close()


@needs_nle
def test_scores_are_what_they_say() -> None:
    """Eating is counted by nutrition: a food ration has 800."""
    text = """\
def policy(obs):
    if obs["asks"]:
        return next((letter for letter, text in obs["inventory"].items() if "food ration" in text), "escape")
    return "eat"
"""
    [trial] = play("Eat", {"policy": text}, 1, max_steps=10).trials
    assert 700 <= trial.score <= 1600
    assert NetHackStaircase().metric.high == 1
    assert NetHackGold().max_inner_steps == NetHackScore().max_inner_steps == 2000
    assert NetHackEat(max_steps=30).max_inner_steps == 30


@needs_nle
def test_every_start_plays() -> None:
    for start in NetHackScore().starts():
        assert play("Score", start, 2, max_steps=150).failure is None, start


@needs_nle
def test_an_unknown_action_is_told() -> None:
    [trial] = play("Score", {"policy": "def policy(obs):\n    return 'fly'\n"}, 1).trials
    assert trial.failure is not None
    assert trial.failure.outcome == "contract_broken"
    assert "'fly' is no action: there are north, east" in trial.failure.message


@needs_nle
def test_a_list_of_actions_is_none() -> None:
    [trial] = play("Score", {"policy": "def policy(obs):\n    return ['north', 'east']\n"}, 1).trials
    assert trial.failure is not None
    assert trial.failure.outcome == "contract_broken"
    assert "an action is a text, the name of a command or a key" in trial.failure.message


@needs_nle
def test_a_player_that_takes_more_than_a_second_for_a_step_is_stopped() -> None:
    text = "import time\ndef policy(obs):\n    time.sleep(3)\n    return 'search'\n"
    [trial] = play("Score", {"policy": text}, 1).trials
    assert trial.failure is not None
    assert trial.failure.outcome == "timeout"


@needs_nle
def test_memory_lasts_for_a_game_and_no_longer() -> None:
    text = """\
calls = []


def policy(obs):
    calls.append(1)
    if len(calls) > 5:
        raise RuntimeError("another game's calls")
    return "escape" if obs["asks"] else "search"
"""
    assert play("Score", {"policy": text}, 8, max_steps=5).failure is None


@needs_nle
def test_the_trace_has_the_screen_once_and_then_what_changed() -> None:
    """Who only searches changes the turn in the last line, and little else."""
    trace = first_trace("one_function/stub")
    assert "screen.23" in trace
    assert trace.count("Agent the Candidate") == 1
    assert trace.count("magic marker") == 1


@needs_nle
def test_the_trace_of_a_walk_stays_small() -> None:
    assert "40 of 40 inner steps" in first_trace("modular/working")
    assert len(first_trace("modular/working")) < 20_000


def first_trace(start: str) -> str:
    env = gym.make("GenOpt/NetHack-Score-v0", start=start, validation_size=1, max_steps=40)
    return str(env.reset(seed=0)[0]["trace"])


@needs_nle
def test_a_film_shows_the_terminal() -> None:
    frames = list(NetHackScore().film(Instance("train", 0), ["search", "search"], [0, 2]))
    assert [frame.shape for frame in frames] == [(288, 480, 3)] * 2
    assert frames[0].any()


@needs_nle
@pytest.mark.slow
@pytest.mark.parametrize("name", ["Score", "Staircase", "Gold"])
def test_working_beats_chance_on_twenty_test_games(name: str) -> None:
    blind = play(name, "modular/random", 20)
    working = play(name, "modular/working", 20)
    assert bootstrap_interval([b.score - a.score for a, b in zip(blind.trials, working.trials, strict=True)])[0] > 0


@needs_nle
@pytest.mark.slow
def test_whole_games_are_the_same_in_any_process(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = TaskSpec("genopt_gym.envs.nethack.tasks:NetHackScore", {"train_size": 8})
    task = spec.make()
    runs = []
    for workers in ("1", "2"):
        monkeypatch.setenv("GENOPT_WORKERS", workers)
        evaluator = Evaluator(spec)
        artifact = task.starting_artifact("modular/working")
        runs.append(evaluator.evaluate(artifact, task.instances("train"), View(200, "last")).trials)
    assert runs[0] == runs[1]
