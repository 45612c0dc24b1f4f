"""Edits are read out of free text."""

from __future__ import annotations

import gc
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.reply.functions import dedented
from genopt_gym.core.reply.pieces import is_placeholder

ACT, NEW_ACT = "def act(ball):\n    return 0\n", "def act(ball):\n    return 1\n"
PREDICT, NEW_PREDICT = "def predict(trace):\n    return 0\n", "def predict(trace):\n    return 1\n"
TEXTS = {"act": ACT, "predict": PREDICT, "prompt": "Be brief."}
UNKNOWN = "'predit' is not an editable component; the nearest is 'predict', of act, predict, prompt."


def read(reply: str) -> dict[str, str]:
    return parse_edit(reply, TEXTS)


def refusal(reply: str) -> str:
    with pytest.raises(UnparsableEdit) as raised:
        read(reply)
    return str(raised.value)


def fenced(body: str, info: str = "python") -> str:
    return f"```{info}\n{body}```\n"


def patch(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


# JSON


@pytest.mark.parametrize(
    "around",
    [
        "%s",
        "```json\n%s\n```",
        'Since {x: 1} and {"y": 2} fail, I propose\n\n%s\n\nas the {next} edit.',
        "- this:\n\n  ```json\n  %s\n  ```\n",
        '{"edit": %s}',
        '{"reasoning": "...", "answer": "", "suggestion": %s, "confidence": 0.5}',
    ],
)
def test_a_json_object_is_an_edit_wherever_it_stands(around: str) -> None:
    edit = {"act": NEW_ACT, "prompt": "é {} ```\n"}
    assert read(around.replace("%s", json.dumps(edit))) == edit


def test_json_may_hold_commentary_and_raw_line_breaks() -> None:
    assert read('{"reasoning": [1], "prompt": "One\nTwo"}') == {"prompt": "One\nTwo"}


def test_json_that_is_no_edit_is_passed_over() -> None:
    assert read('After {"x": "1"}:\n' + fenced(NEW_ACT)) == {"act": NEW_ACT}


def test_a_dict_in_code_is_not_json() -> None:
    program = f'NAMES = {{"prompt": "..."}}\n{ACT}'
    assert read(program) == read("So:\n" + fenced(program)) == {"act": program}
    assert read(patch("Be brief.\n", '{"prompt": "x"}\n')) == {"prompt": '{"prompt": "x"}'}


def test_json_with_an_unknown_component_is_refused() -> None:
    for reply in ({"act": NEW_ACT, "predit": "..."}, {"predit": "..."}, {"edit": {"predit": "..."}}):
        assert refusal(json.dumps(reply)) == UNKNOWN


def test_json_with_something_else_than_text_is_refused() -> None:
    assert refusal('{"act": null}') == "The text of 'act' must be a string, not a NoneType."


# SEARCH/REPLACE blocks


def test_search_replace_blocks_are_applied_in_order() -> None:
    first = patch("(ball):\n    return 0\n", "(ball):\n    x = 0\n    return x\n")
    second = patch("x = 0\n", "x = 2\n")
    reply = f"First\n{first}and then\n{fenced(second)}"
    assert read(reply) == {"act": "def act(ball):\n    x = 2\n    return x\n"}


def test_search_replace_blocks_may_edit_several_components_and_delete_text() -> None:
    reply = patch("(ball):\n    return 0\n", "(ball):\n    return 1\n") + patch("Be brief.\n", "")
    assert read(reply.replace("\n", "\r\n")) == {"act": NEW_ACT, "prompt": ""}


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (patch("return 2\n", ""), "SEARCH text 1, 'return 2', was not found"),
        (patch("(ball)\n", "") * 2, "SEARCH text 2, '(ball)', was not found"),
        (patch("return 0\n", ""), "was found 2 times, in act, predict"),
        (patch("", "x\n"), "is empty"),
        (patch("\n \n", "x\n"), "is empty"),
        (patch("(ball)\n", "")[:-16], "block 1 lacks its line '>>>>>>> REPLACE'"),
        (patch("(ball)\n", "") + "<<<<<<< SEARCH\n", "block 2 lacks its line '======='"),
    ],
)
def test_a_search_text_must_occur_exactly_once(reply: str, message: str) -> None:
    assert message in refusal(reply)


# Fenced code


@pytest.mark.parametrize("info", ["python act", "act", "python:act", "py  act", " act "])
def test_a_block_is_the_text_of_the_component_that_it_names(info: str) -> None:
    for body in ("x = 1\n", "def act(:\n", PREDICT):
        assert read(fenced(body, info)) == {"act": body}


@pytest.mark.parametrize("info", ["python", "Python3", "py", ""])
def test_a_python_block_belongs_to_the_component_that_it_defines(info: str) -> None:
    body = f"import math\n\n# helps\ndef helper(): ...\n\n{NEW_ACT}\n\nacts = act\n"
    assert read(fenced("print(1)\n", "text") + fenced("helper()\n") + fenced(body, info)) == {"act": body}


def test_a_block_with_several_components_is_cut_after_each_function() -> None:
    first = f"import math\n\n\n@cached\n{NEW_ACT}"
    second = f"# next\nLIMIT = 1; STEP = 2\n\ndef helper(é='\x0c'): ...\n@cached  # twice\n{NEW_PREDICT}\n# end\n"
    assert read(fenced(f"{first}\n\n{second}")) == {"act": first, "predict": second}


def test_a_broken_block_is_cut_before_each_function_that_it_seems_to_define() -> None:
    broken = "import math\ndef act(ball):\n    return +\n"
    assert read(fenced(f"{broken}\n\n{NEW_PREDICT}")) == {"act": broken, "predict": NEW_PREDICT}


def test_an_async_or_inner_function_is_no_component() -> None:
    body = f"async def predict(trace): ...\nclass C:\n    def prompt(self): ...\n{NEW_ACT}"
    assert read(fenced(body)) == {"act": body}
    assert "no new text for act, for it is given as a coroutine" in refusal(fenced("async def act(ball): ..."))


def test_later_blocks_win_and_one_that_never_closes_counts() -> None:
    reply = fenced(ACT) + "No, better:\n~~~~python\n```\n~~~~\n" + fenced(NEW_ACT)[:-4]
    assert read(reply) == {"act": NEW_ACT}


def test_a_block_in_a_list_loses_the_indentation_of_its_fence() -> None:
    assert read("1. Here:\n" + re.sub("(?m)^", "   ", fenced(NEW_ACT))) == {"act": NEW_ACT}


def test_a_text_ends_as_the_current_one_does() -> None:
    assert read(fenced("Be brief.\n", "prompt")) == {"prompt": "Be brief."}


def test_a_misspelt_name_is_refused() -> None:
    assert refusal(fenced("x", "predit") + fenced(NEW_ACT)) == UNKNOWN
    assert refusal(fenced("x", "python predit")) == refusal(fenced("def predit(): ...")) == UNKNOWN


# Any other text


def test_a_program_is_an_edit() -> None:
    program = f"import math\n\n{NEW_ACT}\n\nLAST = 1\n"
    assert read(program) == {"act": program}


@pytest.mark.parametrize("reply", ["", "I have no idea.", "{}", "```\n```", "Try this:\n" + ACT, "[1, 2]"])
def test_a_reply_without_an_edit_says_what_would_be_one(reply: str) -> None:
    assert refusal(reply) == (
        "The reply has no new text for any of the components act, predict, prompt; give it as a JSON object "
        "from names to texts, as SEARCH/REPLACE blocks, or as fenced Python code."
    )


# Dots alone stand for the text that there is, as in the form that the prompt shows; indented code moves to the margin.
new_texts = st.text().filter(lambda text: not is_placeholder(text) and dedented(text) == text)


@given(st.dictionaries(st.sampled_from(sorted(TEXTS)), new_texts, min_size=1))
def test_any_texts_can_be_given_as_json(edit: dict[str, str]) -> None:
    assert read(json.dumps(edit)) == edit


lines = st.lists(st.sampled_from(["", "    x = 1", "    # é", "\tif x: pass", "  '''a", "x"])).map("\n".join)


def occurrences(search: str, text: str) -> int:
    """As whole lines."""
    wanted, present = search.split("\n"), text.split("\n")
    return sum(present[start : start + len(wanted)] == wanted for start in range(len(present)))


@given(lines, lines, lines, lines)
def test_whole_lines_that_stand_once_can_be_replaced(before: str, search: str, replace: str, after: str) -> None:
    texts = {"act": "\n".join([before, search, after]), "prompt": "x"}
    found = sum(occurrences(search, text) for text in texts.values())
    try:
        edit = parse_edit(patch(search + "\n", replace + "\n"), texts)
    except UnparsableEdit:
        assert found != 1 or not search.strip()
    else:
        assert (found, edit) == (1, {"act": "\n".join([before, replace, after])})


MARKUP = ["```", "\n```\n", '{"', '"}', '"act"', '{"act": "', "act", "edit", "\ndef act(x):\n  0\n", "(ball)"]
MARKUP += ["\n<<<<<<< SEARCH\n", "\n=======\n", "\n>>>>>>> REPLACE\n", *'{}[]":,`~\\\n\t é\0\ud800']


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(MARKUP)).map("".join))
def test_any_reply_gives_an_edit_or_a_refusal(reply: str) -> None:
    try:
        edit = read(reply)
    except UnparsableEdit:
        return
    assert edit
    assert edit.keys() <= TEXTS.keys()
    assert all(isinstance(text, str) for text in edit.values())


JUNK = ["[", "{", '{"', '{"a":', '{"a":{"b":', '{"a":1}', "{ ", "```\n", "``` ", "```x\n1\n```\n", "9", "\n"]
JUNK += ["<<<<<<< SEARCH\n", "=======\n", "def act(\n", "def act(x): return 1+\n", "\0", "\ud800"]


@pytest.mark.parametrize("junk", JUNK)
def test_junk_takes_time_in_proportion_to_its_length(junk: str) -> None:
    """Eight times as much takes about eight times as long: with a square in it, it would be 64 times."""

    def seconds(size: int) -> float:
        start = time.process_time()
        refusal(junk * (size // len(junk)))
        refusal('{"act": [' + junk * (size // 10 // len(junk)))
        return time.process_time() - start

    gc.disable()  # its passes are over all that other tests have left behind
    try:
        assert seconds(400_000) < 24 * max(seconds(50_000), 0.005)
    finally:
        gc.enable()
