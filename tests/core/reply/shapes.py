"""What the corpus of replies is about: three components, new texts for them, and the forms that these come in."""

from __future__ import annotations

import json
from typing import NamedTuple

ACT, LOOK = "def act(ball):\n    return 1\n", "def look(obs):\n    return obs\n"
PROMPT = "Answer {question} in one word."
TEXTS = {"act": ACT, "look": LOOK, "prompt": PROMPT}
NEW, SEEN = "def act(ball):\n    return 5\n", "def look(obs):\n    return 2\n"
ANSWER = f"```python act\n{NEW}```"
DRAFT = f"```python look\n{SEEN.replace('2', '9')}```"
PATCH = "<<<<<<< SEARCH\n    return 1\n=======\n    return 5\n>>>>>>> REPLACE"
DIFF = "@@ -1,2 +1,2 @@\n def act(ball):\n-    return 1\n+    return 5"
EDIT = {"act": NEW}
BOTH = {"act": NEW, "look": SEEN}
DOCUMENTED = 'def act(ball):\n    """Say\n    ```\n    x\n    ```\n    """\n    return 5\n'
QUOTING = 'def act(ball):\n    s = """\n```\nx\n```\n"""\n    return s\n'
JUMP = "def jump(x):\n    return 1\n"
SHORTENED = "def act(ball):\n    # ... existing code ...\n    return 5\n"
ABOUT_THOUGHTS = "Think in <think></think>."
WITH_BLOCK = "Answer in a block:\n```\nANSWER\n```\n{question}"
WITH_JSON = WITH_BLOCK.replace("```\nA", "```json\nA")


class Case(NamedTuple):
    name: str
    reply: str
    expected: dict[str, str] | str
    """The edit, or words of the refusal."""


def fenced(body: str, info: str = "", marks: str = "```") -> str:
    return f"{marks}{info}\n{body.rstrip(chr(10))}\n{marks}\n"


def asked(value: object) -> str:
    return json.dumps(value)
