"""What a proposer is reminded of: bounded, the latest in full, and the way back to the best."""

from __future__ import annotations

from pathlib import Path

import pytest

from genopt_gym.agents.memory import OWN_WORDS, Attempt, own_words, recalled
from genopt_gym.agents.versions import VersionHistory
from genopt_gym.core.journal import read_journal
from genopt_gym.core.task import Metric
from genopt_gym.runs.folder import read_artifact
from tests.agents.test_proposers import fenced, policy, run
from tests.helpers.model_server import Answer

METRIC = Metric("share", 0, 1, 0.5, 1, None)


def attempt(number: int, score: float = 0.5, lines: int = 3, said: str = "I try it.") -> Attempt:
    before = {"act": "".join(f"old {number} {i}\n" for i in range(lines))}
    after = {"act": "".join(f"new {number} {i}\n" for i in range(lines))}
    return Attempt(number, before, after, "ok", score, "", said=said)


def test_short_changes_are_shown_in_full() -> None:
    words = recalled([attempt(1, 0.575), attempt(2)], METRIC, 8000)
    assert words.startswith('\n#Edit 1: ok, score 0.575. You said: "I try it."\nact:\n-old 1 0\n')
    assert "+new 2 2" in words
    assert "shortened" not in words


def test_long_change_is_a_line_and_that_is_said() -> None:
    words = recalled([attempt(1), attempt(2, lines=2000), attempt(3)], METRIC, 8000)
    assert "#Your last edits, shortened: changes that are too long to show are left out." in words
    assert '#Edit 2: ok, score 0.5. You said: "I try it."\n\n#Edit 3' in words
    assert "+new 1 2" in words
    assert "new 2 0" not in words


def test_new_lines_that_stand_above_are_counted_and_not_shown_again() -> None:
    attempts = [attempt(1), attempt(2, lines=40)]
    words = recalled(attempts, METRIC, 8000, present=attempts[1].texts)
    assert "-old 2 39\n+(40 new lines, as they stand above)\n" in words
    assert "+new 1 2" in words
    assert "+new 2 39" in recalled(attempts, METRIC, 8000, present={"act": "other"})
    assert "+new 1 2" in recalled(attempts[:1], METRIC, 8000, present=attempts[0].texts)  # few lines stay


@pytest.mark.parametrize("lines", [1, 40, 2000])
def test_characters_are_bounded_however_many_edits_there_were(lines: int) -> None:
    attempts = [attempt(i, lines=lines, said="x" * OWN_WORDS) for i in range(1, 301)]
    for most in (0, 100, 1000, 8000):
        assert len(recalled(attempts, METRIC, most)) <= most
    words = recalled(attempts, METRIC, 8000)
    assert "#Edit 300: ok" in words
    assert "those before edit 2" in words


def test_edit_that_was_not_run_has_no_score() -> None:
    refused = Attempt(4, {"act": "x"}, {"act": "y" * 30_000}, "contract_broken", 0.8, "", evaluated=False)
    assert refused.heading(METRIC) == "Edit 4: contract_broken, not run"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("The ball is late.\n\nSo I aim ahead.\n```python act\n```", "The ball is late. So I aim ahead."),
        ("<think>" + "hm. " * 500 + "</think>I aim ahead.\n```python\n```", "I aim ahead."),
        ('{"reasoning": "I aim\\nahead.", "act": "def act(): ..."}', "I aim ahead."),
        ("def act():\n    return 1", ""),
        ("", ""),
        ("First. " + "word " * 100 + ". Last.\n```python\n```", "First."),
        ("x" * 1000, "x" * (OWN_WORDS - 3) + "..."),
    ],
)
def test_own_words_are_what_stands_before_the_edit(reply: str, said: str) -> None:
    assert own_words(reply) == said


def test_worse_texts_are_held_against_the_best() -> None:
    history = VersionHistory({"act": "a\n"}, 0.5, METRIC)
    assert history.comparison({"act": "a\n"}, 3000) == ""
    best = Attempt(1, {"act": "a\n"}, {"act": "b\n"}, "ok", 0.8, "")
    worse = Attempt(2, {"act": "b\n"}, {"act": "c\n"}, "timeout", 0.0, "")
    history.add(best)
    history.add(worse)
    words = history.comparison({"act": "c\n"}, 3000)
    assert words.startswith("The best so far are those of edit 1: score 0.8. These, of edit 2, scored 0.")
    assert words.endswith("act:\n-b\n+c")
    assert history.comparison({"act": "c\n"}, 3).endswith(
        "They differ in act (1 lines of the best, 1 of these): too much to show."
    )
    assert history.comparison({"act": "b\n"}, 3000) == ""
    assert history.by_number == {0: {"act": "a\n"}, 1: {"act": "b\n"}, 2: {"act": "c\n"}, None: {"act": "b\n"}}


def test_of_equal_versions_the_latest_that_ran_is_the_best() -> None:
    history = VersionHistory({"act": "a\n"}, 0.0, METRIC)
    history.add(Attempt(1, {"act": "a\n"}, {"act": "b\n"}, "ok", 0.0, ""))
    history.add(Attempt(2, {"act": "b\n"}, {"act": "c\n"}, "runtime_error", 0.0, ""))
    history.add(Attempt(3, {"act": "c\n"}, {"act": "d\n"}, "contract_broken", 0.9, "", evaluated=False))
    assert history.by_number[None] == {"act": "b\n"}
    assert 3 not in history.by_number


def test_reply_that_reverts_brings_the_best_texts_back(tmp_path: Path) -> None:
    """After a good edit and a bad one, and after one that was none."""
    replies = [fenced(-0.01), fenced(-1.0), "REVERT", "REVERT to edit 9", "REVERT to edit 9", "REVERT to start"]
    _, server = run(tmp_path / "run", lambda body, number: Answer(replies[number]), edits=5, start="one_function/stub")
    rows = read_journal(tmp_path / "run" / "steps.jsonl")[0]
    texts = [read_artifact(tmp_path / "run", row["artifact"])["policy"] for row in rows]
    assert texts[1] == texts[3] == policy(-0.01)
    assert rows[3]["score"] == rows[1]["score"] > rows[2]["score"]
    assert [row["outcome"] for row in rows] == ["ok", "ok", "ok", "ok", "unparsable", "ok"]
    assert texts[5] == texts[0]
    asked = [body["messages"][-1]["content"] for body in server.bodies]
    assert "REVERT" not in asked[0]
    assert "The best so far are those of edit 1" in asked[2]
    assert "REVERT to edit 3" in asked[2]
    assert "The best so far" not in asked[3]
    assert "Edit 9 left no texts that REVERT could bring back; these did: 0, 1, 2, 3" in asked[4]
