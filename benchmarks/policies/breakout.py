"""The policy of the Breakout benchmark: it foresees bounces off the walls, and counts in that the paddle slides on.

It remembers its own last push, and so knows where the paddle will come to rest.
"""

from typing import Any


def predict_ball_trajectory(obs: dict[str, Any]) -> float | None:
    ball = obs.get("Ball")
    if ball is None:
        return None
    x: float = ball["x"]
    if ball["dy"] > 0:
        x += ball["dx"] * (185 - ball["y"]) / ball["dy"]
        while x < 8 or x > 150:
            x = 16 - x if x < 8 else 300 - x
    return x


# --- generate_paddle_target ---


def generate_paddle_target(obs, predicted_ball_x):  # type: ignore[no-untyped-def]
    """Where the paddle should be, and by how much it may be off."""
    if predicted_ball_x is None:
        return None
    overhang = obs["Player"]["w"] / 2 - 1
    if obs["Ball"]["dy"] > 0:
        return predicted_ball_x - overhang, overhang
    return 0.7 * predicted_ball_x + 24 - overhang, 14.0


# --- select_paddle_action ---

memory = {"push": 0}


def select_paddle_action(obs, target_x):  # type: ignore[no-untyped-def]
    push = 0
    if target_x is None:
        memory["push"] = push
        return 1
    target, slack = target_x
    error = target - obs["Player"]["x"] - 10.5 * memory["push"]
    if error > slack:
        push = 1
    elif error < -slack:
        push = -1
    memory["push"] = push
    return (3, 0, 2)[push + 1]
