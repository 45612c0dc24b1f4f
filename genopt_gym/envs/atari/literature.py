"""What others report of the games: means over whole games without sticky actions, where nothing else is said."""

from __future__ import annotations

SOURCES = (
    "DQN after 38 days of play, Mnih et al. 2015 (Nature 518), extended data table 2",
    "PPO after 40 million frames, Schulman et al. 2017 (arXiv 1707.06347), table 6",
    "policy programs edited by a model, mean of 5 runs after the last update at the study's horizon, protocol `paper` "
    "(one life in four games), Nie et al. 2026 (arXiv 2603.23994), released learning curves",
)
SCORES = {
    "Asterix": (6012, 4532.5, 3467),
    "Breakout": (401.2, 274.8, 123),
    "Enduro": (301.8, 758.3, 71.8),
    "Freeway": (30.3, 32.5, 27.2),
    "Pong": (18.9, 20.7, 12.0),
    "Qbert": (10596, 14293.3, 505),
    "Seaquest": (5286, 1204.5, 92),
    "SpaceInvaders": (1976, 942.5, 929),
}


def published(game: str) -> dict[str, float]:
    """Scores of a game by their sources.

    >>> next(iter(published("Pong").items()))
    ('DQN after 38 days of play, Mnih et al. 2015 (Nature 518), extended data table 2', 18.9)
    """
    return dict(zip(SOURCES, SCORES[game], strict=True))
