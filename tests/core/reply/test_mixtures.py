"""Shapes of the corpus, mixed: what is meant comes out, whatever stands around it, and nothing else ever does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.edit import UnparsableEdit, parse_edit
from tests.core.reply import corpus, forms
from tests.core.reply.shapes import ACT, EDIT, LOOK, PATCH, SEEN, TEXTS, Case, asked, fenced

BLOCKS = [
    case.reply
    for case in [*corpus.FENCES, *corpus.OLD]
    if case.expected == EDIT
    and case.reply.count("```") % 2 == 0
    and not case.reply.startswith(("def", "\ufeff"))
    and "#Score" not in case.reply
]
PROSE = [
    "I see why.",
    "So, this:",
    "1. First\n2. Then",
    "`act` loses {x: 1}.",
    "It costs < 5 > 3 & 2 ~ 1.",
    "| a | b |",
]
QUOTES = [
    fenced(ACT, "python act"),
    "As it stands:\n" + fenced(LOOK, "python look"),
    "> ```python look\n> x\n> ```",
    "The old version:\n" + fenced(LOOK + "# old\n", "python look"),
    fenced("x,y\n1,2", "csv"),
    fenced("step 1: ball = 3", "text"),
    '{"x": 1}',
]
DRAFTS = [
    fenced(SEEN, "python look"),
    PATCH,
    asked({"look": "x"}),
    "<<<<<<< SEARCH\nhm",
    "```python\ndef look(:",
    "so.",
]
thoughts = st.builds(
    "<{0}>\n{1}\n</{0}>".format,
    st.sampled_from(["think", "thinking", "reasoning"]),
    st.lists(st.sampled_from(DRAFTS)).map("\n".join),
)
around = st.lists(st.one_of(st.sampled_from(PROSE), st.sampled_from(QUOTES), thoughts), max_size=4).map("\n\n".join)


@settings(deadline=None, max_examples=400)
@given(around, st.sampled_from(corpus.FENCES[:1] + forms.PATCHES[:1]), around)
def test_nothing_is_taken_from_what_stands_around(before: str, case: Case, after: str) -> None:
    assert isinstance(case.expected, dict)
    found = parse_edit(f"{before}\n\n{case.reply}\n\n{after}", TEXTS)
    assert {**TEXTS, **found} == {**TEXTS, **case.expected}


@settings(deadline=None, max_examples=300)
@given(around, around)
def test_where_nothing_is_meant_nothing_changes(before: str, after: str) -> None:
    try:
        found = parse_edit(f"{before}\n\n{after}", TEXTS)
    except UnparsableEdit:
        return
    assert {**TEXTS, **found} == TEXTS


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(BLOCKS), st.sampled_from(["\n", "\n\n", "\nAnd:\n"]), st.booleans())
def test_another_component_beside_comes_out_too(reply: str, between: str, first: bool) -> None:
    parts = [reply, fenced(SEEN, "python look")]
    assert parse_edit(between.join(parts[::-1] if first else parts), TEXTS) == {**EDIT, "look": SEEN}


MARKS = ["\n", "```", "````\n", "~~~\n", "<think>", "</think>", "{", '"', "@@\n", "=======\n"]
PIECES = [case.reply for case in corpus.CASES] + MARKS


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), st.integers(0, 400), st.integers(0, 400))
def test_any_mixture_gives_an_edit_or_one_sentence(pieces: list[str], start: int, cut: int) -> None:
    """However pieces are joined, and wherever they are cut: no other error, no component that there is not."""
    text = "\n".join(pieces)
    try:
        found = parse_edit(text[start : len(text) - cut], TEXTS)
    except UnparsableEdit as refused:
        words = str(refused)
        assert "\n" not in words
        return
    assert found.keys() <= TEXTS.keys()
    assert all(isinstance(value, str) for value in found.values())
