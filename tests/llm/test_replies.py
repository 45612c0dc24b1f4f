"""Recorded replies: found by question and occurrence, whole after any interruption."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import Budget, Ledger, ModelAccount
from genopt_gym.llm import Client, ReplayMiss, Replies, Reply, Request
from genopt_gym.llm.replies import Recorded

ASKED = Request("openai/test", [{"role": "user", "content": "Hi"}], 10)


def reply(text: str) -> Recorded:
    return Recorded(Reply(text, "stop", 3, 2, 0.1), ModelAccount(1, 3, 2, 0, 0.1))


def recorded(path: Path, *texts: str) -> None:
    replies = Replies(path)
    for text in texts:
        key = replies.occurrence(ASKED)
        replies.begin(key, "proposer", ModelAccount(lost_tokens=50))
        replies.add(key, "proposer", ASKED, reply(text))
    replies.close()


def test_same_question_has_an_answer_for_each_time_it_was_asked(tmp_path: Path) -> None:
    recorded(tmp_path / "replies.jsonl", "one", "two")
    replies = Replies(tmp_path / "replies.jsonl", "replay")
    found = [replies.get(replies.occurrence(ASKED)) for _ in range(3)]
    assert [each and each.reply.text for each in found] == ["one", "two", None]


@pytest.mark.parametrize(
    "other",
    [
        Request("openai/other", ASKED.messages, 10),
        Request("openai/test", [{"role": "user", "content": "Hi!"}], 10),
        Request("openai/test", ASKED.messages, 11),
        Request("openai/test", ASKED.messages, 10, {"temperature": 0.0}),
    ],
)
def test_whole_request_is_the_key(other: Request) -> None:
    assert other.key != ASKED.key


@given(st.text())
def test_prompt_bound_is_one(text: str) -> None:
    """No tokenizer makes more tokens than there are bytes."""
    text = text.encode("utf-8", "replace").decode()
    request = Request("openai/test", [{"role": "user", "content": text}])
    assert request.prompt_bound > len(text.encode())


def test_replaying_asks_nobody(tmp_path: Path) -> None:
    recorded(tmp_path / "replies.jsonl", "one")
    client = Client(replies=Replies(tmp_path / "replies.jsonl", "replay"))
    assert client.complete(ASKED).text == "one"
    with pytest.raises(ReplayMiss, match=r"no reply to the same question .* asked for the second time"):
        client.complete(ASKED)


def test_what_is_served_counts_as_when_it_was_asked(tmp_path: Path) -> None:
    recorded(tmp_path / "replies.jsonl", "one")
    budget = Budget({}, Ledger())
    Client(budget, Replies(tmp_path / "replies.jsonl")).complete(ASKED)
    assert budget.ledger.models == {"proposer": ModelAccount(1, 3, 2, 0, 0.1)}


def test_attempt_that_was_cut_off_counts_at_its_highest_possible_cost(tmp_path: Path) -> None:
    replies = Replies(tmp_path / "replies.jsonl")
    replies.begin(replies.occurrence(ASKED), "proposer", ModelAccount(lost_tokens=50, money=0.5))
    replies.close()
    budget = Budget({}, Ledger())
    Client(budget, Replies(tmp_path / "replies.jsonl"))
    assert budget.ledger.models == {"proposer": ModelAccount(0, 0, 0, 50, 0.5, lost_calls=1)}


def test_damaged_end_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    recorded(path, "one")
    with path.open("ab") as file:
        file.write(b'{"key": "half a li')
    recorded(path, "one", "two")
    assert Replies(path, "replay").get((ASKED.key, 1)) is not None


def test_file_of_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text('{"step": 1}\n')
    with pytest.raises(UserError, match="cannot be read as recorded model replies"):
        Replies(path, "replay")


def test_nothing_is_written_where_nothing_was_asked(tmp_path: Path) -> None:
    Replies(tmp_path / "replies.jsonl").close()
    assert not (tmp_path / "replies.jsonl").exists()
