"""``REVERT``: a reply goes back to an earlier version, and what else it says is an edit of that."""

from __future__ import annotations

import pytest

from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.reply.parsing import Versions
from tests.core.reply.shapes import fenced

PRESENT = {"look": "def look(x):\n    return 3\n", "act": "def act(x):\n    return 3\n"}
START = {"look": "def look(x):\n    return 0\n", "act": "def act(x):\n    return 0\n"}
FIRST = {"look": "def look(x):\n    return 1\n", "act": "def act(x):\n    return 1\n"}
VERSIONS: Versions = {0: START, 1: FIRST, 3: PRESENT, None: FIRST}
NEW = "def act(x):\n    return 9\n"


@pytest.mark.parametrize(
    ("reply", "version"),
    [
        ("REVERT", FIRST),
        ("That lost two points.\n\nREVERT\n", FIRST),
        ("REVERT to best", FIRST),
        ("REVERT to the best so far.", FIRST),
        ("**REVERT to edit 1**", FIRST),
        ("REVERT 1", FIRST),
        ("REVERT TO EDIT #1", FIRST),
        ("REVERT to start", START),
        ("`REVERT to edit 0`", START),
        (fenced("REVERT to edit 1"), FIRST),
        ("REVERT to edit 3", PRESENT),
        ("<think>REVERT to start?</think>\nREVERT", FIRST),
    ],
)
def test_line_brings_back_all_texts_of_a_version(reply: str, version: dict[str, str]) -> None:
    assert parse_edit(reply, PRESENT, VERSIONS) == version


@pytest.mark.parametrize(
    "edit",
    [
        fenced(NEW, "python act"),
        "<<<<<<< SEARCH\ndef act(x):\n    return 1\n=======\ndef act(x):\n    return 9\n>>>>>>> REPLACE",
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_edit_beside_it_is_an_edit_of_that_version(edit: str, order: int) -> None:
    reply = "\n\n".join(["REVERT to edit 1", edit][::order])
    assert parse_edit(reply, PRESENT, VERSIONS) == {**FIRST, "act": NEW}


def test_component_can_keep_its_present_text() -> None:
    reply = "REVERT to start\n" + fenced(PRESENT["look"], "python look")
    assert parse_edit(reply, PRESENT, VERSIONS) == {**START, "look": PRESENT["look"]}


@pytest.mark.parametrize(
    ("reply", "versions", "words"),
    [
        ("REVERT to edit 2", VERSIONS, "Edit 2 left no texts that REVERT could bring back; these did: 0, 1, 3"),
        ("REVERT to edit 99", VERSIONS, "Edit 99 left no texts"),
        ("REVERT to edit 1\nREVERT to start", VERSIONS, "more than one REVERT"),
        ("REVERT\nNO EDIT", VERSIONS, "both NO EDIT and REVERT"),
        ("REVERT", None, "no earlier versions at hand"),
    ],
)
def test_what_cannot_be_brought_back_is_told(reply: str, versions: Versions | None, words: str) -> None:
    with pytest.raises(UnparsableEdit, match=words):
        parse_edit(reply, PRESENT, versions)


@pytest.mark.parametrize("line", ["Revert to edit 1 if this loses.", "I revert", "REVERTED", "REVERT to edit 1, then"])
def test_words_that_only_speak_of_it_are_none(line: str) -> None:
    assert parse_edit(f"{line}\n{fenced(NEW, 'python act')}", PRESENT, VERSIONS) == {"act": NEW}
