"""Artifacts: immutable, told apart by their content, readable as one file."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.artifact import Artifact, Component

HINT = Component("hint", "hint: str", "What to think of.", kind="text")
ACT = Component("act", "act(obs) -> int", "obs is a dict.\n\nReturns an action.\n")
WORKFLOW = "def workflow(obs):\n    return act(obs)\n"
TEXTS = {"hint": "think\n'hard'", "act": "\ndef act(obs):\n    return 1\n\n"}


def artifact(**texts: str) -> Artifact:
    return Artifact((HINT, ACT), WORKFLOW, {**TEXTS, **texts})


def test_edit_makes_a_new_artifact_and_leaves_the_old() -> None:
    old = artifact()
    new = old.edited({"hint": "other"})
    assert (old.texts["hint"], new.texts["hint"], new.texts["act"]) == (TEXTS["hint"], "other", TEXTS["act"])


def test_texts_and_components_must_match() -> None:
    with pytest.raises(ValueError, match=r"artifact of \['hint', 'act'\] needs a text for each, got \['act'\]"):
        Artifact((HINT, ACT), WORKFLOW, {"act": ""})
    with pytest.raises(ValueError, match="needs a text for each"):
        artifact().edited({"stranger": ""})


def test_id_depends_on_content_alone() -> None:
    assert artifact().id == Artifact((HINT, ACT), WORKFLOW, dict(reversed(TEXTS.items()))).id
    code = "from tests.core.test_artifact import artifact; print(artifact().id)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == artifact().id


@pytest.mark.parametrize(
    "other",
    [
        artifact(hint="think 'hard'"),
        artifact(act="\ndef act(obs):\n    return 1\n"),
        artifact(hint="\ud800"),
        Artifact((HINT, ACT), WORKFLOW + " ", TEXTS),
        Artifact((ACT, HINT), WORKFLOW, TEXTS),
    ],
)
def test_any_other_content_has_another_id(other: Artifact) -> None:
    assert other.id != artifact().id
    assert len(other.id) == 16


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=10, unique=True))
def test_ids_differ_however_texts_are_cut(pairs: list[tuple[str, str]]) -> None:
    assert len({artifact(hint=hint, act=act).id for hint, act in pairs}) == len(pairs)


def test_source_is_one_file_that_runs() -> None:
    source = artifact().source
    assert source == (
        "hint = \"think\\n'hard'\"\n\n\ndef act(obs):\n    return 1\n\n\ndef workflow(obs):\n    return act(obs)\n"
    )
    assert [type(node).__name__ for node in ast.parse(source).body] == ["Assign", "FunctionDef", "FunctionDef"]


def test_diff_shows_what_an_edit_changed() -> None:
    start = artifact()
    end = start.edited({"act": "def act(obs):\n    return 2\n"})
    lines = end.diff(start).splitlines()
    assert lines[:2] == ["--- start", f"+++ {end.id}"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-    return 1", "+    return 2"]
    assert start.diff(start) == ""


def test_program_holds_the_texts_and_no_contract() -> None:
    program = artifact().program
    assert program.components == [("hint", "text", TEXTS["hint"]), ("act", "python", TEXTS["act"])]
    assert program.workflow == WORKFLOW


def test_contract_tells_more_or_less() -> None:
    assert ACT.contract("signature") == "act(obs) -> int"
    assert ACT.contract("full") == "act(obs) -> int\n    obs is a dict.\n\n    Returns an action."
