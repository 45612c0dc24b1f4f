"""A model whose replies are hostile to whoever shows them, wherever texts of models and programs come up."""

from __future__ import annotations

from genopt_gym.llm.backend import Backend
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings

SCRIPT = "</script><script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
CODES = "\x1b[31mred\x1b[0m \u202eesrever\u202c \u200bhidden"
LONG = "x" * 15_000
MODEL = "tests.helpers.hostile:Hostile/any"

FOLLOW = "    return 1 if obs['pole_angle'] > 0 else 0\n"
REPLIES = [
    f"Better. {SCRIPT} {CODES}\n```python\ndef policy(obs):\n    # {SCRIPT} {CODES[:3]}\n{FOLLOW}```\n",
    f"```python\ndef policy(obs):\n    text = {SCRIPT!r}\n    raise ValueError(text + {CODES!r})\n```\n",
    "```python\ndef policy(obs):\n    return (\n```\n",
    f"```python\ndef policy(obs):\n    # {LONG}\n{FOLLOW}```\n",
    f"I have nothing to say but {SCRIPT}.\n{{'{SCRIPT}'",
]


class Hostile(Backend):
    """Gives ``REPLIES`` in turn, by how many of them its prompts show to have been tried."""

    def __init__(self) -> None:
        self._given = 0

    async def complete(self, request: Request, settings: Settings) -> Reply:
        self._given += 1
        return Reply(REPLIES[(self._given - 1) % len(REPLIES)], "stop", 100, 50, 0.25)

    def prices(self, model: str) -> tuple[float, float]:
        return 0.0, 0.0
