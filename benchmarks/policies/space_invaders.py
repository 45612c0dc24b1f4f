"""The policy of the Space Invaders benchmark: it leads the aliens it shoots at, and steps out of the way of bombs.

It remembers how fast the formation drifts, which is seen only on the steps on which that moves: each component for
itself, for nothing but what the workflow hands on passes between them.
"""

from typing import Any

memory: dict[str, Any] = {"rest": 0, "speed": 0.0}


def drift(moved: int) -> Any:
    """Pixels a step that the formation moves sideways, smoothed over its steps of rest."""
    memory["rest"] += 1
    if moved:
        speed = moved / memory["rest"]
        same_way = speed * memory["speed"] > 0
        memory["speed"] = 0.5 * (speed + memory["speed"]) if same_way else speed
        memory["rest"] = 0
    return memory["speed"]


def decide_shoot(obs: dict[str, Any]) -> bool:
    x = obs["Player"]["x"]
    aliens = [obs[name] for name in obs if name[:5] == "Alien"]
    speed = drift(aliens[0]["dx"]) if aliens else 0
    # How far to the right of the cannon each will be when a missile gets there.
    targets = [(alien["x"] + speed * ((170 - alien["y"]) / 8 + 1) - x, alien["y"]) for alien in aliens]
    satellite = obs.get("Satellite")
    if satellite is not None and satellite["dx"]:
        targets.append((satellite["x"] + 20 * satellite["dx"] - x, 12))
    return "Missile" not in obs and any(abs(error) < 4 for error, _ in targets)


# --- decide_movement ---

drifting = {"rest": 0, "speed": 0.0}
MARGIN = 3
"""Pixels between a bomb and the cannon that are too few."""


def targets_of(obs):  # type: ignore[no-untyped-def]
    """How far to the right of the cannon each will be when a missile gets there, and its height."""
    x = obs["Player"]["x"]
    aliens = [obs[name] for name in obs if name[:5] == "Alien"]
    drifting["rest"] += 1
    if aliens and aliens[0]["dx"]:
        speed = aliens[0]["dx"] / drifting["rest"]
        same_way = speed * drifting["speed"] > 0
        drifting["speed"] = 0.5 * (speed + drifting["speed"]) if same_way else speed
        drifting["rest"] = 0
    speed = drifting["speed"]
    targets = [(alien["x"] + speed * ((170 - alien["y"]) / 8 + 1) - x, alien["y"]) for alien in aliens]
    satellite = obs.get("Satellite")
    if satellite is not None and satellite["dx"]:
        targets.append((satellite["x"] + 20 * satellite["dx"] - x, 12))
    return targets


def safe_steps(bombs, x, way, going):  # type: ignore[no-untyped-def]
    """How many of the next 18 steps are safe if the cannon goes one way for some of them and then stands."""
    for steps in range(1, 18):
        if steps <= going:
            x = min(max(x + way, 34), 116)
        for bomb_x, bottom in bombs:
            if 180 < bottom + 4 * steps < 204 and x - MARGIN <= bomb_x < x + 7 + MARGIN:
                return steps
    return 18


def decide_movement(obs):  # type: ignore[no-untyped-def]
    x = obs["Player"]["x"]
    wanted = 0
    if targets := targets_of(obs):  # type: ignore[no-untyped-call]
        error, _ = min(targets, key=lambda target: abs(target[0]) - target[1])
        if abs(error) > 1:
            wanted = 2 if error > 0 else -2
    bombs = [(bomb["x"], bomb["y"] + 8) for bomb in (obs.get("Bomb0"), obs.get("Bomb1")) if bomb and bomb["y"] > 100]
    if bombs:
        plans = [(wanted, 17), (wanted, 3), (0, 0), (2, 17), (-2, 17), (2, 5), (-2, 5)]
        wanted = max(plans, key=lambda plan: safe_steps(bombs, x, *plan))[0]  # type: ignore[no-untyped-call]
    return ("left", "stay", "right")[wanted // 2 + 1]


# --- combine_actions ---


def combine_actions(shoot: bool, movement: str) -> int:
    return {"stay": 0, "right": 2, "left": 3}[movement] + (0 if not shoot else 1 if movement == "stay" else 2)
