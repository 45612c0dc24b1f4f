"""CartPole: the cart goes where the pole leans, counting in how it turns and where the cart is."""

from typing import Any


def policy(obs: dict[str, Any]) -> int:
    lean = obs["pole_angle"] + 0.3 * obs["pole_velocity"]
    return 1 if lean + 0.1 * obs["cart_velocity"] + 0.05 * obs["cart_position"] > 0 else 0
