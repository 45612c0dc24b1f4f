"""An artifact as one Python file: it compiles, and does what the artifact does where it is scored."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.core.script import LOADER, quoted, script
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote

WORKFLOW = "def workflow(x):\n    return act(x, look(x))\n"
LOOK = "def look(x):\n    return x + 1\n"
ACT = "def act(x, seen):\n    return [x, seen]\n"
HELPER = "def helper(x):\n    return {}\n\n\n"

READABLE = {
    "nothing in common": (LOOK, ACT),
    "an import in common": (f"import math\n\n\n{LOOK}", f"import math\n\n\n{ACT}"),
    "helpers of their own": (HELPER.format("x") + LOOK, f"N = 3\n\n\n{ACT}"),
    "a component by name": (LOOK, "def act(x, seen):\n    return look(seen)\n"),
    "a later component by name": ("def look(x):\n    return act(0, 0) if x else 1\n", ACT),
    "no line break at the end": (LOOK.strip(), ACT.strip()),
}
"""Texts that simply follow one another."""

APART = {
    "helpers of one name": (
        HELPER.format("10 * x") + "def look(x):\n    return helper(x)\n",
        HELPER.format("x - 1") + "def act(x, seen):\n    return helper(seen)\n",
    ),
    "constants of one name": (
        "N = 1\n\n\ndef look(x):\n    return N\n",
        "N = 2\n\n\ndef act(x, seen):\n    return [N, seen]\n",
    ),
    "imports of one name": (
        "from math import floor as f\n\n\ndef look(x):\n    return f(x)\n",
        "from math import ceil as f\n\n\ndef act(x, seen):\n    return [f(x + 0.5), seen]\n",
    ),
    "a future in the second": (LOOK, f"from __future__ import annotations\n\n\n{ACT}"),
    "a future in the first": (f"from __future__ import annotations\n\n\n{LOOK}", ACT),
    "an encoding": (f"# coding: latin-99\n# é\n{LOOK}", ACT),
    "a helper called workflow": (
        LOOK,
        "def workflow(x):\n    return [x]\ndef act(x, seen):\n    return workflow(seen)\n",
    ),
    "a helper called as a component": ("def act(x):\n    return 9 * x\ndef look(x):\n    return act(x)\n", ACT),
    "a built-in shadowed in one": (
        "def max(x):\n    return 99\ndef look(x):\n    return max(x)\n",
        "def act(x, seen):\n    return max(x, 5)\n",
    ),
    "a main guard": (LOOK, f"{ACT}\nif __name__ == '__main__':\n    raise SystemExit('run as a script')\n"),
    "globals()": (
        "def look(x):\n    return globals().setdefault('n', 1)\n",
        "def act(x, seen):\n    return [globals().setdefault('n', 2), seen]\n",
    ),
    "a star import": (f"from math import *\n\n\n{LOOK}", "def act(x, seen):\n    return floor(x) if 0 else seen\n"),
    "a global of a function": (
        "def look(x):\n    global n\n    n = x\n    return n\n",
        "n = 5\n\n\ndef act(x, seen):\n    return [n, seen]\n",
    ),
    "quotes and backslashes": (
        f"M = 'it\\'s \\\\ \\t'\n'''three'''\n\"\"\"and three\"\"\"\n{LOOK}",
        "M = r'\\d'\ndef act(x, seen):\n    return [M, seen]\n",
    ),
    "a quote at the end": ("M = 1\n" + LOOK + '# "', 'M = 2\ndef act(x, seen):\n    return [M, seen]\n"""end"""'),
}
"""Texts that would be in each other's way."""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("bare", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def as_scored(look: str, act: str, zygote: Zygote) -> list[object]:
    program = Program([("look", "python", look), ("act", "python", act)], WORKFLOW)
    with Session(zygote, program, [0], Limits(), False) as session:
        replies = [session.call([0], [[x]])[0] for x in (1, 2)]
    assert all(reply.failure is None for reply in replies), replies[0].failure
    return [reply.result for reply in replies]


def as_a_script(source: str, folder: Path) -> object:
    path = folder / "best.py"
    path.write_text(source + "\n\nprint([workflow(x) for x in (1, 2)])\n", encoding="utf-8")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.mark.parametrize("texts", (READABLE | APART).values(), ids=READABLE | APART)
def test_script_does_what_was_scored(texts: tuple[str, str], zygote: Zygote, tmp_path: Path) -> None:
    parts = [(name, "python", text) for name, text in zip(("look", "act"), texts, strict=True)]
    assert as_a_script(script(parts, WORKFLOW), tmp_path) == as_scored(*texts, zygote)


@pytest.mark.parametrize("texts", READABLE.values(), ids=READABLE)
def test_texts_that_stay_apart_follow_one_another(texts: tuple[str, str]) -> None:
    parts = [(name, "python", text) for name, text in zip(("look", "act"), texts, strict=True)]
    assert script(parts, WORKFLOW) == "\n\n\n".join(text.strip("\n") for text in (*texts, WORKFLOW)) + "\n"


@pytest.mark.parametrize("texts", APART.values(), ids=APART)
def test_others_are_loaded_apart_and_can_still_be_read(texts: tuple[str, str]) -> None:
    parts = [(name, "python", text) for name, text in zip(("look", "act"), texts, strict=True)]
    source = script(parts, WORKFLOW)
    assert source.startswith(LOADER)
    assert "\ndef act(x, seen):\n" in source.replace('"""def', '"""\ndef').replace("\\n'\n    '", "\n").replace(
        "'", "\n"
    )


def test_texts_are_seen_by_components_that_are_loaded_apart(tmp_path: Path) -> None:
    parts = [
        ("hint", "text", "a 'hint'\n"),
        ("look", "python", "from __future__ import annotations\ndef look(x): return hint\n"),
    ]
    source = script(parts, "def workflow(x):\n    return [look(x), hint]\n")
    assert as_a_script(source, tmp_path) == [["a 'hint'\n", "a 'hint'\n"]] * 2


@pytest.mark.parametrize(
    "text",
    ["", "x", "\\", '"', "'", '"""', "'''", "'''\"\"\"", "a\\\n", 'end"', "\r\n", "é\t", '"start', "a\n\nb\n", "\x0c"],
)
def test_quoted_text_is_that_text(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
