"""What of a game's RAM crosses to the confined process, and what is made of it there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.emulator import AtariTask, Objects
from genopt_gym.envs.atari.pong import Pong
from genopt_gym.envs.atari.readers.qbert import ENEMY_ROWS
from genopt_gym.envs.atari.readers.screen import ScreenReader
from genopt_gym.envs.atari.seaquest import Seaquest
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote

GAMES = [row.task for row in TABLE if row.id.startswith("GenOpt/Atari-")]
STEPS = 400
COILY, BALL, PURPLE = 0x3B, 0x00, 0x66
"""Bytes of Q*bert: two shapes, and a colour."""
SCORES = {
    "pong": (13, 14),
    "asterix": (94, 95, 96),
    "breakout": (76, 77),
    "freeway": (103,),
    "qbert": (89, 90, 91),
    "seaquest": (56, 57, 58),
    "space_invaders": (102, 104),
}
"""Where ALE reads the score. Enduro's is the number of cars passed and the day, which are on the screen and told."""


@pytest.fixture(scope="module", params=GAMES, ids=lambda entry: entry.rpartition(":")[2])
def task(request: pytest.FixtureRequest) -> AtariTask:
    made = TaskSpec(request.param, {}).make()
    assert isinstance(made, AtariTask)
    return made


@pytest.fixture(scope="module")
def frames(task: AtariTask) -> list[tuple[bytes, Objects]]:
    """RAM of a game played at random, each with the objects of the step before."""
    ale, actions = task.emulator_at(Instance("train", 0))
    draw = random.Random(0)
    before: Objects = {}
    found: list[tuple[bytes, Objects]] = []
    for _ in range(STEPS):
        ram = ale.getRAM().tobytes()
        found.append((ram, before))
        before = task.read_objects(ram, before)
        ale.act(draw.choice(actions))
        if ale.game_over():
            break
    return found


def screen(task: AtariTask) -> ScreenReader:
    assert task.screen is not None
    return task.screen


def with_others_changed(ram: bytes, seen: frozenset[int], draw: random.Random) -> bytes:
    """The same where objects are made of it; every other byte is another one."""
    return bytes(byte if address in seen else byte ^ draw.randrange(1, 256) for address, byte in enumerate(ram))


def test_objects_are_made_of_the_bytes_that_cross(task: AtariTask, frames: list[tuple[bytes, Objects]]) -> None:
    for ram, before in frames:
        assert task.read_objects(screen(task).pack(ram), before) == task.read_objects(ram, before)


def test_no_other_byte_crosses(task: AtariTask, frames: list[tuple[bytes, Objects]]) -> None:
    draw = random.Random(1)
    for ram, _ in frames:
        assert screen(task).pack(with_others_changed(ram, screen(task).seen, draw)) == screen(task).pack(ram)


def with_enemies(ram: bytes) -> Iterator[bytes]:
    """Screens of Q*bert with Coily and a ball in each row of cubes, which take turns where they meet."""
    for row, (shape, colour, _, _, _) in enumerate(ENEMY_ROWS, 1):
        for beside in (COILY, BALL):
            for by_place in (0, 1):
                changed = bytearray(ram)
                changed[39], changed[41], changed[49], changed[53] = row, beside, by_place, PURPLE
                changed[shape], changed[colour] = BALL, PURPLE
                yield bytes(changed)


def test_every_byte_that_crosses_is_needed(task: AtariTask, frames: list[tuple[bytes, Objects]]) -> None:
    """There is a screen on which another value of it shows other objects."""
    scenes = random.Random(2).sample(frames, min(len(frames), 60))
    if task.game == "qbert":
        scenes = [(ram, {}) for ram in with_enemies(frames[-1][0])] + scenes
    left = set(screen(task).seen)
    for ram, before in scenes:
        shown = task.read_objects(ram, before)
        for address in sorted(left):
            others = (ram[:address] + bytes([value]) + ram[address + 1 :] for value in range(256))
            if any(task.read_objects(other, before) != shown for other in others):
                left.discard(address)
    assert not left


def test_no_byte_of_the_score_crosses(task: AtariTask) -> None:
    assert not screen(task).seen.intersection(SCORES.get(task.game, ()))


def test_what_a_policy_does_to_its_observation_changes_no_later_one(
    task: AtariTask, frames: list[tuple[bytes, Objects]]
) -> None:
    undisturbed, disturbed = screen(task)(), screen(task)()
    for ram, _ in frames:
        honest, seen = undisturbed(screen(task).pack(ram), 0, 3), disturbed(screen(task).pack(ram), 0, 3)
        assert seen == honest
        for box in seen.values():
            if isinstance(box, dict):
                box.update(x=-99, y=-99)
        seen.clear()


LOOKING = """\
import gc, sys

def look(obs):
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    kept = [each for each in gc.get_referents(*gc.get_objects()) if type(each) is bytes and len(each) == 128]
    return [str(obs), str(frame.f_locals["arguments"]), sorted({each.hex() for each in kept})]
"""


def test_a_confined_process_sees_the_same_whatever_the_other_bytes_are(task: AtariTask, tmp_path: Path) -> None:
    """Also an artifact that looks into our code's own frames, and at all that is kept in memory."""
    ale, _ = task.emulator_at(Instance("train", 0))
    ram, draw, reports = ale.getRAM().tobytes(), random.Random(3), []
    program = Program([("look", "python", LOOKING)], "def workflow(obs):\n    return look(obs)\n")
    zygote = Zygote("bare", choose(), str(tmp_path), task.observer)
    for other in (ram, with_others_changed(ram, screen(task).seen, draw)):
        with Session(zygote, program, [0], Limits(), traced=False, packed=True) as session:
            [reply] = session.call([0], [(screen(task).pack(other), 0, 3, {})])
            assert reply.failure is None
            reports.append(reply.result)
    zygote.close()
    assert reports[0] == reports[1]
    assert screen(task).pack(ram).hex() in reports[0][2]


SEARCH = """\
import gc, sys, types

def search(word):
    todo, seen = [sys._getframe(), *gc.get_objects()], set()
    while todo:
        each = todo.pop()
        if id(each) in seen or type(each) is list and each is todo:
            continue
        seen.add(id(each))
        if type(each) is str and each == "".join(word):
            return True
        todo += gc.get_referents(each)
        if type(each) is types.CodeType:
            todo += each.co_consts
        if type(each) is types.FrameType:
            todo += [each.f_locals, each.f_globals, each.f_code]
            todo += [each.f_back] if each.f_back else []
    return False
"""


@pytest.mark.parametrize("disguise", [None, 1])
def test_a_disguised_process_holds_no_word_of_the_game(disguise: int | None, tmp_path: Path) -> None:
    made = TaskSpec("genopt_gym.envs.atari.pong:Pong", {} if disguise is None else {"disguise": disguise}).make()
    program = Program([("search", "python", SEARCH)], "def workflow(word):\n    return search(word)\n")
    zygote = Zygote("bare", choose(), str(tmp_path), made.observer)
    with Session(zygote, program, [0], Limits(call_seconds=100, cpu_seconds=100), traced=False) as session:
        [reply] = session.call([0], [(list("Enemy"),)])
    zygote.close()
    assert reply.failure is None
    assert reply.result is (disguise is None)


FORKED_FROM = """\
import sys

def policy(obs):
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    return 0 if frame.f_locals["observer"] is None else 1
"""


def test_a_disguised_game_shares_no_process_with_the_game_itself() -> None:
    told = []
    for disguise in ({}, {"disguise": 1}):
        evaluator = Evaluator(
            TaskSpec("genopt_gym.envs.atari.pong:Pong", {"max_steps": 3, "validation_size": 1, **disguise})
        )
        start = evaluator.task.starting_artifact("one_function/stub")
        trials = evaluator.evaluate(start.edited({"policy": FORKED_FROM}), "validation", View(None)).trials
        told.append([event.action for event in trials[0].events])
    assert told == [[1, 1, 1], [0, 0, 0]]


def test_a_task_with_a_reader_of_its_own_sends_observations_whole() -> None:
    class OwnPong(Pong):
        @staticmethod
        def read_objects(ram: bytes, previous: Objects) -> Objects:
            return {"Player": {"x": 0, "y": ram[51], "w": 1, "h": 1, "dx": 0, "dy": 0}}

    assert Pong().observer == "genopt_gym.envs.atari.readers.pong:SCREEN"
    assert OwnPong().observer == ""


TURNING = """\
def policy(obs):
    moved = sum(abs(box["dx"]) + abs(box["dy"]) for box in obs.values() if isinstance(box, dict))
    for box in obs.values():
        if isinstance(box, dict):
            box["x"] += moved
    return (moved + 7 * obs["lives"]) % 18
"""
"""Its actions depend on every movement; and it changes what it is given."""


def played(evaluator: Evaluator, instances: list[Instance]) -> Iterator[Any]:
    artifact = evaluator.task.starting_artifact("one_function/stub").edited({"policy": TURNING})
    for view in (None, View(None)):
        trials = evaluator.evaluate(artifact, instances, view).trials
        yield [(trial.score, trial.steps, trial.ended, trial.failure) for trial in trials]


def test_traced_trials_which_get_whole_observations_go_as_untraced_ones() -> None:
    """With actions before the trial's own too, which the worker plays alone."""
    spec = TaskSpec("genopt_gym.envs.atari.seaquest:Seaquest", {"max_steps": 150})
    instances = [Instance("train", 0), Instance("train", 1, (1, 5, 12) * 20)]
    untraced, traced = played(Evaluator(spec), instances)
    assert untraced == traced


def test_each_life_of_a_game_begins_without_what_was_there_before_it() -> None:
    spec = TaskSpec(
        "genopt_gym.envs.atari.seaquest:Seaquest", {"max_steps": 400, "one_life": True, "episodic_life": True}
    )
    instances = [
        Instance("validation", index)
        for index in range(Seaquest().start_episode(Instance("train", 0), 0).observe()["lives"])
    ]
    untraced, traced = played(Evaluator(spec), instances)
    assert untraced == traced
