"""The policy of the Freeway benchmark: it goes up where no car will be in the way, and else waits or steps back."""

from typing import Any

SPEEDS = (-0.8, -1.0, -4 / 3, -2.0, -4.0, 4.0, 2.0, 4 / 3, 1.0, 0.8)
LANES = [(f"Car{lane}", 27 + 16 * lane, speed) for lane, speed in enumerate(SPEEDS)]


def analyze_traffic(obs: dict[str, Any]) -> tuple[bool, float]:
    """Whether the way up is free, and in how many steps a car will be where the chicken is."""
    y, free, hit = obs["Chicken"]["y"], True, 99.0
    for name, lane, speed in LANES:
        # The chicken, going up, is in the lane from so many steps on to so many.
        enters, leaves = (y - lane - 10) / 4, (y - lane + 8) / 4
        if enters > 6 or leaves < 0:
            continue
        x = obs[name]["x"]
        comes, goes = ((37 - x) / speed, (51 - x) / speed) if speed > 0 else ((51 - x) / speed, (37 - x) / speed)
        if goes < -0.5:
            comes, goes = comes + 160 / abs(speed), goes + 160 / abs(speed)
        if enters < goes + 0.5 and comes - 0.5 < leaves:
            free = False
        if enters <= 0 and comes - 0.5 < hit:
            hit = comes - 0.5
    return free, hit


# --- select_action ---


def select_action(obs: dict[str, dict[str, int]], traffic: tuple[bool, float]) -> int:
    free, hit = traffic
    if free:
        return 1
    return 0 if hit > 2 else 2
