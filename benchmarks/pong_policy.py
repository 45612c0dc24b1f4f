"""The policy of the Pong benchmarks: follows the ball to the paddle's line, bounces included."""


def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    if ball is None or ball["dx"] <= 0:
        return None
    y = ball["y"] + ball["dy"] * (139 - ball["x"]) / ball["dx"]
    while y < 32 or y > 192:
        y = 64 - y if y < 32 else 384 - y
    return y


# --- select_action ---


def select_action(obs, predicted_ball_y):
    player = obs["Player"]
    ball = obs.get("Ball")
    target = 104 if predicted_ball_y is None else predicted_ball_y - 6
    if predicted_ball_y is not None and ball["x"] > 120:
        target += 5 if obs.get("Enemy", player)["y"] < 114 else -5
    error = target - player["y"] - 0.9 * player["dy"]
    if error < -4:
        return 2
    if error > 4:
        return 3
    return 0
