"""Asterix' objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.asterix import Asterix
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from tests.envs.atari.sprites import boxes, category, equal_shares, recorded_frames, sprite_shares

HERO = (187, 187, 53)
GREY, RED, PURPLE, GREEN = (170, 170, 170), (184, 50, 50), (198, 89, 179), (135, 183, 84)
COLOURS = {
    "Player": [HERO],
    "Enemy": [(228, 111, 111), RED],
    "Reward": [GREY, PURPLE, GREEN, (213, 130, 74), (195, 144, 61), (214, 92, 92), (84, 138, 210), (163, 57, 21)],
    "Consumable": [GREY, RED, PURPLE, (167, 26, 26), (192, 192, 192), (214, 214, 214), (110, 156, 66), (240, 128, 128)],
}
"""Of the sprites, as ale-py draws them."""

STAY, UP, RIGHT, LEFT, DOWN, UP_RIGHT, UP_LEFT, DOWN_RIGHT, DOWN_LEFT = range(9)
STAGE, FIRST_HERO = 54, 52
"""Addresses of which consumables come, 0 to 7, and of who plays."""


class Stages(Asterix):
    """Every game begins at another stage, to see all kinds of things; the last four have the second hero."""

    def start_episode(self, instance: Instance, slot: int) -> AtariEpisode:
        ale, actions = self.emulator_at(Instance("train", 0), slot)
        ale.act(actions[STAY])
        ale.setRAM(STAGE, instance.index % 8)
        ale.setRAM(FIRST_HERO, int(instance.index % 8 < 4))
        return AtariEpisode(ale, actions, self.read_objects, shows_lives=True, one_life=False)


def begun(task: Asterix, index: int = 0) -> AtariEpisode:
    episode = task.start_episode(Instance("train", index), 0)
    assert isinstance(episode, AtariEpisode)
    return episode


def gather(rng: random.Random, objects: Objects, step: int) -> int:
    """Goes for the nearest consumable, and for a lyre if there is none."""
    player = objects.get("Player")
    things = [box for name, box in objects.items() if category(name) == "Consumable"]
    things = things or [box for name, box in objects.items() if category(name) == "Enemy"]
    if player is None or not things or rng.random() < 0.1:
        return rng.randrange(9)
    thing = min(things, key=lambda box: abs(box["x"] - player["x"]) + abs(box["y"] - player["y"]))
    if abs(thing["y"] - player["y"]) > 8:
        return UP if thing["y"] < player["y"] else DOWN
    return RIGHT if thing["x"] > player["x"] else LEFT


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    """Not on the first frame of a game: nothing is drawn yet, but the reference has a player in the corner."""
    shares = equal_shares(Asterix, "Asterix", ["Player", "Reward"])
    assert min(shares.values()) >= 0.99


def test_every_enemy_and_consumable_is_in_the_recorded_reference() -> None:
    """Not all of the reference's are ours: after a life is lost it keeps for long what was on the screen before.

    Where both have one they are the same but for a pixel: on the screen a lyre that goes left is a pixel further right
    than in the reference, and a cauldron a row less high.
    """
    seen, equal = Counter[str](), Counter[str]()
    ours: Objects = {}
    for ram, reference, begins in recorded_frames("Asterix"):
        ours = Asterix.read_objects(ram, {} if begins else ours)
        for own, (x, y, w, h) in boxes(ours).items():
            name = category(own)
            if name in ("Enemy", "Consumable"):
                seen[name] += 1
                extents = [(x - (name == "Enemy"), y, w, 11), (x, y, w, 11)]
                assert h == (11 if name == "Enemy" else 10)
                equal[name] += any(other == name and box in extents for other, box in reference)
    print(f"\nAsterix: ours in the reference: {dict(equal)} of {dict(seen)}")
    assert min(seen.values()) > 1000
    assert all(equal[name] >= 0.99 * seen[name] for name in seen)


def test_boxes_lie_on_the_sprites() -> None:
    """At all stages of the game. While the hero is wide, the box begins a pixel left of him, as in the reference."""
    counts = sprite_shares(Stages(), COLOURS, gather, steps=2400, every=3)
    assert all(seen >= 100 and on_sprite >= 0.95 * seen for seen, on_sprite in counts.values()), counts


def test_all_kinds_of_things_are_on_their_sprites() -> None:
    """What is drawn in a lane, away from the player, fills the lane's box; with no box there is nothing."""
    kinds: dict[tuple[str, int, int], list[bool]] = {}
    task, rng = Stages(), random.Random(1)
    for index in range(8):
        episode = begun(task, index)
        for step in range(250):
            objects = episode.observe()
            screen = episode.screen()
            places = boxes(objects)
            player = places.pop("Player", (0, 0, 0, 0))
            by_lane = {int(name[-1]): (category(name), box) for name, box in places.items()}
            for lane in range(8 if step % 4 == 0 else 0):
                top = 26 + 16 * lane
                if abs(player[1] - top) < 8:
                    continue
                drawn: NDArray[np.bool_] = screen[top : top + 11].max(axis=2) > 0
                name, (x, y, w, h) = by_lane.get(lane, ("nothing", (0, top, 0, 0)))
                rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
                if name == "nothing":
                    same = not len(rows)
                else:
                    found = (
                        (columns[0], top + rows[0], columns[-1] + 1, top + rows[-1] + 1) if len(rows) else (0, 0, 0, 0)
                    )
                    same = all(
                        abs(int(a) - b) <= slack
                        for a, b, slack in zip(found, (x, y, x + w, y + h), (0, 0, 2, 0), strict=True)
                    )
                kinds.setdefault((name, w, h), []).append(same)
            _, over = episode.step(gather(rng, objects, step))
            if over:
                break
    print("\nAsterix: lanes as on the screen")
    for (name, w, h), right in sorted(kinds.items()):
        print(f"  {name:<12} {w:>2} x {h:<2} {sum(right):>5} of {len(right):>5} {np.mean(right):7.2%}")
    assert len(kinds) == 1 + 1 + 1 + 5, kinds.keys()
    assert all(np.mean(right) >= 0.98 for right in kinds.values())


def test_actions_do_what_the_contract_says() -> None:
    task = Asterix(sticky=0.0)
    ways = {UP: (0, -1), RIGHT: (1, 0), LEFT: (-1, 0), DOWN: (0, 1), STAY: (0, 0)}
    ways |= {UP_RIGHT: (1, -1), UP_LEFT: (-1, -1), DOWN_RIGHT: (1, 1), DOWN_LEFT: (-1, 1)}
    for action, (sideways, down) in ways.items():
        episode = begun(task)
        episode.step(STAY)
        before = episode.observe()["Player"]
        episode.step(action)
        after = episode.observe()["Player"]
        assert (after["x"] - before["x"], after["y"] - before["y"]) == (8 * sideways, 16 * down)
        assert (after["dx"], after["dy"]) == (8 * sideways, 16 * down)


def test_a_lyre_costs_a_life_and_puts_the_hero_out_of_play_first() -> None:
    episode, rng = begun(Asterix()), random.Random(2)
    lives, out, lost, points = 3, 0, 0, Counter[int]()
    for step in range(1500):
        objects = episode.observe()
        points[objects["reward"]] += 1
        if objects["lives"] < lives:
            assert out > 20
            lives, lost = objects["lives"], lost + 1
        out = 0 if objects["in_play"] else out + 1
        _, over = episode.step(gather(rng, objects, step))
        if over:
            break
    assert lost == 2
    assert set(points) <= {0, 50, 100, 200}
    assert points[50] > 5


def test_things_move_by_little_in_a_step() -> None:
    """A lane's next lyre has the name of the one before, but has not moved from there."""
    episode, rng = begun(Asterix()), random.Random(3)
    for step in range(600):
        objects = episode.observe()
        assert all(abs(objects[name]["dx"]) <= 10 for name in boxes(objects))
        _, over = episode.step(gather(rng, objects, step))
        if over:
            break


def test_the_observation_never_holds_the_score() -> None:
    episode, rng = begun(Asterix()), random.Random(1)
    for step in range(300):
        objects = episode.observe()
        assert {category(name) for name in objects} <= {*COLOURS, "in_play", "reward", "lives"}
        for name in boxes(objects):
            assert set(objects[name]) == {"x", "y", "w", "h", "dx", "dy"}
        _, over = episode.step(gather(rng, objects, step))
        if over:
            break


def test_nothing_is_seen_where_nothing_is_drawn() -> None:
    """The game begins with an empty screen (that of a new emulator: a state that is restored holds no screen)."""
    screen = Asterix().boot(0).getScreenRGB()
    assert not (screen == HERO).all(axis=-1).any()
    assert not (screen == RED).all(axis=-1).any()
    episode = begun(Asterix())
    assert boxes(episode.observe()) == {}
    episode.step(STAY)
    assert {category(name) for name in boxes(episode.observe())} == {"Player", "Consumable"}
