"""Seaquest's objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from ale_py import ALEInterface

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.seaquest import Seaquest
from tests.envs.atari.sprites import boxes, category, equal_shares, recorded_frames, sprite_shares

YELLOW, GREY, BLUE = (187, 187, 53), (170, 170, 170), (66, 72, 200)
SEA = (0, 28, 136)
ENTRIES = {"oxygen", "divers", "facing", "lives", "reward"}
KINDS = {"Player", "PlayerMissile", "Shark", "Submarine", "Diver", "EnemyMissile", "SurfaceSubmarine"}
LEFT_MARGIN = 8
"""Columns at the left of the screen that the game keeps black."""
MOVES = (
    (0, 0, 0), (0, 0, 1), (0, -1, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (1, -1, 0), (-1, -1, 0), (1, 1, 0),
    (-1, 1, 0), (0, -1, 1), (1, 0, 1), (-1, 0, 1), (0, 1, 1), (1, -1, 1), (-1, -1, 1), (1, 1, 1), (-1, 1, 1),
)  # fmt: skip
"""What each action does: sideways, down, fire."""
FILLING = 40
"""Steps in which the oxygen bar has been filled when a game begins."""


class LateSeaquest(Seaquest):
    """From a round in which two or three enemies share a lane and a submarine patrols the surface."""

    def emulator_at(self, instance: Instance, slot: int = 0) -> tuple[ALEInterface, Sequence[Any]]:
        ale, actions = super().emulator_at(instance, slot)
        for address, value in ((59, 6), (60, 3), (61, 2 + instance.index % 6)):
            ale.setRAM(address, value)
        return ale, actions


class WholeSprites(LateSeaquest):
    """Without what is half hidden: by the margin, or a missile by the submarine that has just fired it."""

    @staticmethod
    def read_objects(ram: bytes, previous: Objects) -> Objects:
        objects = Seaquest.read_objects(ram, previous)
        extents = boxes(objects)
        hidden = {name for name, box in extents.items() if box[0] < LEFT_MARGIN}
        for name, (x, y, w, h) in extents.items():
            if category(name) == "EnemyMissile":
                others = [box for other, box in extents.items() if category(other) == "Submarine"]
                if any(x < ox + ow and ox < x + w and y < oy + oh and oy < y + h for ox, oy, ow, oh in others):
                    hidden.add(name)
        return {name: value for name, value in objects.items() if name not in hidden}


def hunt(rng: random.Random, objects: Objects, step: int) -> int:
    """Stay in the middle depths, go to and fro and fire."""
    player = objects.get("Player")
    if player is None or rng.random() < 0.2:
        return rng.randrange(18)
    if player["y"] < 70 or player["y"] > 130:
        return 13 if player["y"] < 70 else 10
    return (11, 12)[step // 25 % 2]


def under_water(task: Seaquest, index: int = 0) -> AtariEpisode:
    """An episode with the submarine well below the surface, before any enemy is near."""
    episode = task.start_episode(Instance("train", index), 0)
    assert isinstance(episode, AtariEpisode)
    for step in range(FILLING + 8):
        episode.observe()
        episode.step(5 if step >= FILLING else 0)
    return episode


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    shares = equal_shares(Seaquest, "Seaquest", ["Player", "Diver", "PlayerMissile"])
    assert min(shares.values()) >= 0.99


def test_what_needs_a_look_at_the_reference_equals_it_too() -> None:
    """Sharks, less those that the reference has at x 160 and more, where nothing is drawn; the bar and its divers."""
    frames, equal = 0, Counter[str]()
    for ram, reference, _ in recorded_frames("Seaquest"):
        ours = Seaquest.read_objects(ram, {})
        theirs = {name: sorted(box for other, box in reference if other == name) for name, _ in reference}
        sharks = sorted(box for name, box in boxes(ours).items() if category(name) == "Shark")
        bar = [box[2] for box in theirs.get("OxygenBar", [])]
        frames += 1
        equal["Shark"] += sharks == [box for box in theirs.get("Shark", []) if 0 < box[0] < 160]
        equal["oxygen"] += [ours["oxygen"]] == (bar or [0])
        equal["divers"] += ours["divers"] == len(theirs.get("CollectedDiver", []))
    print(f"\nSeaquest: frames equal to the reference, of {frames}: {dict(equal)}")
    assert min(equal[name] for name in ("Shark", "oxygen", "divers")) >= 0.99 * frames


def test_boxes_lie_on_the_sprites() -> None:
    colours = {"Submarine": (GREY,), "EnemyMissile": (BLUE,), "SurfaceSubmarine": (GREY,)}
    counts = sprite_shares(WholeSprites(), colours, hunt, steps=7200, every=4)
    assert all(seen >= 100 and on_sprite >= 0.95 * seen for seen, on_sprite in counts.values()), counts


@pytest.mark.parametrize("task", [Seaquest(), LateSeaquest()])
def test_nothing_is_drawn_in_the_sea_that_has_no_box(task: Seaquest) -> None:
    """Every pixel that is not water lies in a box, the bubbles above divers and a sinking wreck aside."""
    rng = random.Random(3)
    looked, covered = 0, 0
    index, over = 0, True
    for step in range(1600):
        if over:
            begun = task.start_episode(Instance("train", index), 0)
            assert isinstance(begun, AtariEpisode)
            episode, index = begun, index + 1
        objects = episode.observe()
        if "Player" in objects and step % 4 == 0:
            drawn = (episode.screen() != SEA).any(axis=-1)
            drawn[:, :LEFT_MARGIN] = False
            for name, (x, y, w, h) in boxes(objects).items():
                above = 5 if category(name) == "Diver" else 1
                drawn[max(y - above, 0) : y + h + 1, max(x - 1, 0) : x + w + 1] = False
            looked += 1
            covered += not drawn[62:153].any()
        _, over = episode.step(hunt(rng, objects, step))
    print(f"\nSeaquest: frames in which boxes cover all that is drawn: {covered} of {looked}")
    assert looked >= 100
    assert covered >= 0.95 * looked


def test_the_bar_and_the_rescued_divers_are_what_the_screen_shows() -> None:
    seaquest = Seaquest()
    episode = seaquest.start_episode(Instance("train", 2), 0)
    assert isinstance(episode, AtariEpisode)
    ale, _ = seaquest.emulator_at(Instance("train", 2))
    rng, equal, divers_seen, looked = random.Random(4), 0, set(), 0
    for step in range(1500):
        if step % 100 == 0:
            ale.setRAM(62, step // 100 % 6)
        objects = episode.observe()
        if step % 5 == 2:
            screen = episode.screen()
            bar = [tuple(pixel) in ((214, 214, 214), (0, 0, 0)) for pixel in screen[172, 49:112].tolist()]
            # The tip of each figure's two feet is in this row.
            figures = (screen[186, 58:106] == (24, 26, 167)).all(axis=-1).sum()
            looked += 1
            # All six blink.
            equal += objects["oxygen"] == sum(bar) and figures in (
                (0, 6) if objects["divers"] == 6 else [objects["divers"]]
            )
            divers_seen.add(objects["divers"])
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break
    assert looked >= 50
    assert len(divers_seen) > 2
    assert equal >= 0.99 * looked, (equal, looked)


def test_actions_do_what_the_contract_says() -> None:
    seaquest = Seaquest(sticky=0.0)
    for action, (sideways, down, fire) in enumerate(MOVES):
        episode = under_water(seaquest)
        before = episode.observe()["Player"]
        for _ in range(2):
            episode.step(action)
            after = episode.observe()
        player = after["Player"]
        assert (player["x"] - before["x"], player["y"] - before["y"]) == (8 * sideways, 8 * down)
        assert (player["dx"], player["dy"]) == (4 * sideways, 4 * down)
        assert ("PlayerMissile" in after) == bool(fire)
        if fire:
            assert after["PlayerMissile"]["dx"] == 20 * (sideways or 1)
        assert after["facing"] == (sideways or 1)


def test_surfacing_without_a_diver_costs_the_life_and_with_one_fills_the_bar() -> None:
    for divers in (0, 1):
        seaquest = Seaquest(sticky=0.0)
        episode = under_water(seaquest)
        ale = seaquest._emulators[0]
        ale.setRAM(62, divers)
        ale.setRAM(102, 30)
        lives = episode.observe()["lives"]
        for step in range(80):
            episode.step(2 if step < 20 else 0)
            objects = episode.observe()
        assert objects["lives"] == lives - (not divers)
        if divers:
            assert (objects["oxygen"], objects["divers"]) == (63, 0)


def test_missiles_never_move_backwards() -> None:
    """A new missile where another has just left is not one that jumped."""
    episode = under_water(LateSeaquest(), index=4)
    rng = random.Random(2)
    for step in range(700):
        objects = episode.observe()
        for name, box in boxes(objects).items():
            if category(name) in ("PlayerMissile", "EnemyMissile"):
                assert abs(objects[name]["dx"]) <= 20, (name, box)
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break


def test_the_observation_never_holds_the_score() -> None:
    rng = random.Random(6)
    episode = under_water(Seaquest())
    for step in range(300):
        objects = episode.observe()
        assert {category(name) for name in boxes(objects)} <= KINDS
        assert set(objects) - set(boxes(objects)) == ENTRIES
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break


def play(start: str, steps: int) -> list[int]:
    artifact = Seaquest().starting_artifact(start)
    names: dict[str, Any] = {}
    for text in (*artifact.texts.values(), artifact.workflow):
        exec(text, names)
    episode, over = Seaquest().start_episode(Instance("train", 1), 0), False
    actions: list[int] = []
    while not over and len(actions) < steps:
        actions.append(names["workflow"](episode.observe()))
        _, over = episode.step(actions[-1])
    return actions


@pytest.mark.parametrize("implementation", ["naive", "stub", "parametric"])
def test_both_structures_play_the_same(implementation: str) -> None:
    actions = play(f"modular/{implementation}", 600)
    assert actions == play(f"one_function/{implementation}", 600)
    assert set(actions) <= set(range(18))
