def estimate_lean(obs):
    position, velocity = obs['cart_position'], obs['cart_velocity']
    angle, turning = obs['pole_angle'], obs['pole_velocity']
    return 0.5 * position - 0.7994 * velocity + 1.0 * angle - 0.1415 * turning


def select_action(obs, lean):
    return int(lean > 0.1)


def workflow(obs):
    lean = estimate_lean(obs)
    return select_action(obs, lean)
