"""The pages of the games themselves, whose steps are actions."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium as gym

from genopt_docs.facts import PICTURES
from genopt_docs.markdown import ALONE, code, table
from genopt_gym.registration import GAMES

GAME_FAMILY = "Objects"
COMMAND = """\
import gymnasium as gym
import genopt_gym

env = gym.make("{id}")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
"""


HEAD = """\
# Objects

The Atari games as plain Gymnasium environments: an observation is a vector of the objects that the programs of the
Atari family see, a step is an action of the game. They are here so that deep RL and edited programs can stand in one
table; see [the guide](../deep-rl.md).

"""
PAGE = (
    ALONE
    + """\
# {title}

`{id}`: the game of [{edited}]({place}.md) for agents that play it themselves.

![{title}: the game with the objects that are seen](../_static/environments/{name}.png){{.picture}}

{command}
## Spaces

{spaces}
## Entries of an observation

{entries}

Positions and sizes are scaled to the screen, velocities to 16 pixels; `present` tells whether an object is there:
[the guide](../deep-rl.md), [all games](objects.md).
"""
)


def game_pages(folder: str) -> Iterator[tuple[str, str]]:
    """A page for each game, and one for all."""
    names = [id.removeprefix("GenOpt/").removesuffix("-v0").lower() for id, _ in GAMES]
    for (id, _), name in zip(GAMES, names, strict=True):
        yield f"{folder}/{name}.md", _page(id, name)
    rows = [
        [f"[![{id}](../_static/environments/{name}.png){{.thumbnail}}]({name}.md)", f"[`{id}`]({name}.md)"]
        for (id, _), name in zip(GAMES, names, strict=True)
    ]
    yield f"{folder}/{GAME_FAMILY.lower()}.md", HEAD + table(["", "id"], rows)


def _page(id: str, name: str) -> str:
    env = gym.make(id)
    spaces = [["observation", f"`{env.observation_space}`"], ["action", f"`{env.action_space}`"]]
    names = ", ".join(f"`{entry}`" for entry in env.unwrapped.names)  # type: ignore[attr-defined]
    title = id.removeprefix("GenOpt/").removesuffix("-v0")
    assert (PICTURES / f"{name}.png").exists(), f"python -m genopt_docs.pictures {id}"
    return PAGE.format(
        title=title,
        id=id,
        edited=title.replace(GAME_FAMILY, "Atari"),
        place=name.replace("objects", "atari"),
        name=name,
        command=code(COMMAND.format(id=id)),
        spaces=table(["", ""], spaces),
        entries=names,
    )
