"""The client against a real server on loopback: retries, limits, books, the hard stop, and words for people."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from genopt_gym.core.ledger import Budget, BudgetSpent, Ledger, ModelAccount
from genopt_gym.llm import Client, ModelError, Request, Settings
from tests.helpers.model_server import Answer, Fault, ModelServer

QUICK = {"backoff": 0.01, "timeout": 0.5}


@pytest.fixture
def served() -> Iterator[Callable[..., tuple[ModelServer, Client]]]:
    """Makes servers with a script, and clients that ask them; the servers end with the test."""
    servers: list[ModelServer] = []

    def make(
        script: Callable[[dict[str, Any], int], Answer], limits: dict[str, float] | None = None, **settings: Any
    ) -> tuple[ModelServer, Client]:
        server = ModelServer(script).__enter__()
        servers.append(server)
        budget = Budget(limits or {}, Ledger())
        return server, Client(budget, settings=Settings(base_url=server.base_url, **{**QUICK, **settings}))

    yield make
    for server in servers:
        server.close()


def question(words: str = "How are you?", **fields: Any) -> Request:
    return Request("openai/test", [{"role": "user", "content": words}], **{"max_tokens": 20, **fields})


def account(client: Client, role: str = "proposer") -> ModelAccount:
    return client.budget.ledger.models[role]


def test_reply_and_its_cost(served: Any) -> None:
    server, client = served(lambda body, number: Answer("Quite well, thank you."))
    reply = client.complete(question())
    assert (reply.text, reply.finish, reply.truncated) == ("Quite well, thank you.", "stop", False)
    assert (account(client).prompt_tokens, account(client).completion_tokens) == (
        server.prompt_tokens,
        server.completion_tokens,
    )
    assert account(client).calls == 1


def test_options_reach_the_model(served: Any) -> None:
    server, client = served(lambda body, number: Answer())
    client.complete(question(options={"temperature": 0.25, "seed": 7, "stop": ["."]}))
    body = server.bodies[0]
    assert (body["temperature"], body["seed"], body["stop"], body["max_tokens"]) == (0.25, 7, ["."], 20)


@pytest.mark.parametrize("options", [{"n": 50}, {"api_base": "http://127.0.0.1:9"}, {"stream": True}])
def test_option_that_could_get_past_the_books_is_refused(served: Any, options: dict[str, Any]) -> None:
    server, client = served(lambda body, number: Answer())
    with pytest.raises(ModelError, match="a request has no option"):
        client.complete(question(options=options))
    assert server.calls == 0


def test_anything_but_text_is_refused(served: Any) -> None:
    server, client = served(lambda body, number: Answer())
    image = [{"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]
    with pytest.raises(ModelError, match="text alone"):
        client.complete(Request("openai/test", [{"role": "user", "content": image}]))
    assert server.calls == 0


def test_reply_that_hits_the_length_limit_is_marked(served: Any) -> None:
    _, client = served(lambda body, number: Answer("word " * 50))
    assert client.complete(question(max_tokens=5)).truncated


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "half", "timeout", "nonsense-body"])
def test_passing_fault_is_tried_again(served: Any, fault: Fault) -> None:
    server, client = served(lambda body, number: Answer("at last", fault=fault if number < 2 else None))
    assert client.complete(question()).text == "at last"
    assert server.calls == 3
    assert account(client).calls == 1


@pytest.mark.parametrize("fault", ["cut", "half", "timeout", "nonsense-body"])
def test_answer_that_was_lost_is_booked_at_its_highest_possible_cost(served: Any, fault: Fault) -> None:
    server, client = served(lambda body, number: Answer(fault=fault if number < 1 else None))
    client.complete(question())
    assert 0 < server.tokens <= account(client).tokens
    assert account(client).lost_tokens == question().prompt_bound + 20


def test_refusal_costs_nothing(served: Any) -> None:
    server, client = served(lambda body, number: Answer(fault="429" if number < 2 else None))
    client.complete(question())
    assert account(client).tokens == server.tokens


def test_server_that_does_not_count_is_booked_at_the_highest_possible_cost(served: Any) -> None:
    server, client = served(lambda body, number: Answer(usage=False))
    client.complete(question())
    assert account(client).lost_tokens >= server.tokens


def test_retry_after_is_honoured(served: Any) -> None:
    server, client = served(lambda body, number: Answer(fault="429" if number == 0 else None, retry_after=1))
    began = time.monotonic()
    client.complete(question())
    assert time.monotonic() - began >= 1.0
    assert server.calls == 2


def test_waiting_for_longer_than_ten_minutes_is_refused(served: Any) -> None:
    _, client = served(lambda body, number: Answer(fault="429", retry_after=3600))
    with pytest.raises(ModelError, match="asks to wait 3,600 s"):
        client.complete(question())


@pytest.mark.parametrize(
    ("fault", "calls", "words"),
    [
        ("500", 4, "openai/test gave no answer in 4 attempts: scripted fault 500"),
        ("cut", 4, "gave no answer in 4 attempts: the connection was cut"),
        ("timeout", 4, "no answer within 0.5 s"),
        ("nonsense-body", 4, "answered something that is no reply"),
        ("quota", 1, "no credit left"),
        ("401", 1, "openai/test needs a key: set OPENAI_API_KEY in the environment"),
        ("404", 1, "knows no model 'openai/test', or is no OpenAI-compatible address"),
        ("400", 1, "openai/test refused the request: scripted fault 400"),
    ],
)
def test_lasting_fault_is_told_in_a_sentence(
    served: Any, monkeypatch: pytest.MonkeyPatch, fault: Fault, calls: int, words: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server, client = served(lambda body, number: Answer(fault=fault), attempts=4)
    with pytest.raises(ModelError, match=words):
        client.complete(question())
    assert server.calls == calls


@pytest.mark.parametrize(
    ("model", "base_url", "words"),
    [
        ("openai/x", None, "openai/x needs a key: set OPENAI_API_KEY"),
        ("anthropic/claude-x", None, "anthropic/claude-x needs a key: set ANTHROPIC_API_KEY"),
        ("x", None, "no provider in the model's name 'x': write provider/name"),
        ("openai/x", "http://127.0.0.1:9/v1", "cannot connect to http://127.0.0.1:9/v1"),
        ("openai/x", "127.0.0.1:9", "the base URL '127.0.0.1:9' is no address"),
        ("local/none.gguf", None, "there is no model file none.gguf"),
    ],
)
def test_model_that_cannot_be_asked_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, model: str, base_url: str | None, words: str
) -> None:
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(key, raising=False)
    client = Client(settings=Settings(base_url=base_url, backoff=0.01))
    with pytest.raises(ModelError, match=words):
        client.complete(Request(model, [{"role": "user", "content": "Hi"}]))


def test_several_at_once_come_back_in_order(served: Any) -> None:
    def echo(body: dict[str, Any], number: int) -> Answer:
        return Answer(body["messages"][0]["content"], delay=0.05 * (number % 3))

    server, client = served(echo, concurrency=4)
    replies = client.complete_all([question(str(i)) for i in range(12)])
    assert [reply.text for reply in replies] == [str(i) for i in range(12)]
    assert 2 <= server.most_at_once <= 4


def test_from_asyncio(served: Any) -> None:
    _, client = served(lambda body, number: Answer("there", delay=0.1))

    async def ask() -> list[str]:
        return [reply.text for reply in await asyncio.gather(*(client.acomplete(question()) for _ in range(3)))]

    assert asyncio.run(ask()) == ["there"] * 3


def test_rate_limit_spreads_attempts_evenly(served: Any) -> None:
    _, client = served(lambda body, number: Answer(), requests_per_minute=600)
    client.complete(question())
    began = time.monotonic()
    client.complete_all([question()] * 5)
    assert time.monotonic() - began >= 0.4


def test_roles_are_booked_apart(served: Any) -> None:
    _, client = served(lambda body, number: Answer())
    client.complete(question(), role="workflow")
    client.complete(question())
    assert {role: each.calls for role, each in client.budget.ledger.models.items()} == {"workflow": 1, "proposer": 1}


def test_budget_of_tokens_holds_by_the_servers_own_count(served: Any) -> None:
    """Sixteen at a time, with faults on the way."""
    faults: list[Fault | None] = [None, None, "cut", None, "429", "timeout", None, "500"]

    def script(body: dict[str, Any], number: int) -> Answer:
        return Answer("some words " * 9, delay=0.01, fault=faults[number % len(faults)])

    server, client = served(script, {"tokens": 6000}, concurrency=16)
    answered = 0

    def ask_on() -> None:
        nonlocal answered
        while True:
            answered += len(client.complete_all([question("Say something, please.")] * 16))

    with pytest.raises(BudgetSpent, match="the budget of 6,000 tokens would be passed"):
        ask_on()
    assert answered >= 16
    assert server.tokens <= account(client).tokens <= 6000


def test_spent_budget_refuses_every_later_call_without_asking(served: Any) -> None:
    server, client = served(lambda body, number: Answer(), {"tokens": 500})
    with pytest.raises(BudgetSpent):
        client.complete(question(max_tokens=10_000))
    with pytest.raises(BudgetSpent):
        client.complete(question("Hi", max_tokens=1))
    assert server.calls == 0


def test_call_waits_for_what_calls_under_way_give_back(served: Any) -> None:
    """One fits at a time, by its bound; together they cost far less, so all three are answered."""
    request = question(max_tokens=200)
    most = request.prompt_bound + 200
    server, client = served(lambda body, number: Answer("a b", delay=0.05), {"tokens": most + 60})
    assert len(client.complete_all([request] * 3)) == 3
    assert server.most_at_once == 1


def test_budget_of_money_goes_by_the_given_prices(served: Any) -> None:
    _, client = served(lambda body, number: Answer("a b c"), {"money": 0.5}, prices=(1000, 2000))
    client.complete(question())
    spent = account(client)
    assert spent.money == pytest.approx((spent.prompt_tokens * 1000 + spent.completion_tokens * 2000) / 1e6)
    with pytest.raises(BudgetSpent, match=r"budget of \$0.50 would be passed"):
        [client.complete(question()) for _ in range(1000)]


def test_unknown_price_is_unknown_and_never_nothing(served: Any) -> None:
    _, client = served(lambda body, number: Answer())
    client.complete(question())
    assert account(client).money is None
    _, careful = served(lambda body, number: Answer(), {"money": 1})
    with pytest.raises(ModelError, match="the price of openai/test is not known"):
        careful.complete(question())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"timeout": 0}, "timeout must be a number above 0"),
        ({"attempts": -1}, "attempts must be"),
        ({"prices": (1.0,)}, "prices are two numbers"),
    ],
)
def test_setting_that_makes_no_sense_is_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**settings)
