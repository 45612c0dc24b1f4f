"""Answers in every shape that servers give them: read, booked, and told in words, by the client and the gateway."""

from __future__ import annotations

import email.utils
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from genopt_gym.core.ledger import Budget, Ledger, ModelAccount
from genopt_gym.llm import Client, ModelError, Reply, Request, Settings
from genopt_gym.llm import client as client_module
from genopt_gym.llm.gateway import Gateway
from tests.helpers.model_server import Answer, ModelServer, Script

HI = [{"role": "user", "content": "Hi there"}]
THOUGHT = {"reasoning_content": "hm hm"}


@contextmanager
def asking(script: Script, **settings: Any) -> Iterator[tuple[ModelServer, Client]]:
    with ModelServer(script) as server:
        own = {"backoff": 0.01, "timeout": 20.0, **settings}
        yield server, Client(Budget({}, Ledger()), settings=Settings(base_url=server.base_url, **own))


def ask(client: Client, max_tokens: int = 20, **options: Any) -> Reply:
    return client.complete(Request("openai/test", HI, max_tokens, options))


def account(client: Client) -> ModelAccount:
    return client.budget.ledger.models["proposer"]


SILENT = [
    (Answer("", silent=True, message=THOUGHT), "", "stop", THOUGHT),
    (Answer("", "length", silent=True, message=THOUGHT), "", "length", THOUGHT),
    (Answer("", silent=True, message={"refusal": "I will not."}), "", "stop", {"refusal": "I will not."}),
    (Answer("half a", finish="content_filter"), "half a", "content_filter", {}),
    (Answer(""), "", "stop", {}),
]


@pytest.mark.parametrize(("answer", "text", "finish", "extra"), SILENT)
def test_what_an_answer_holds_beside_text_is_kept(
    answer: Answer, text: str, finish: str, extra: dict[str, Any]
) -> None:
    with asking(lambda body, number: answer) as (server, client):
        reply = ask(client)
        assert (reply.text, reply.finish, reply.extra) == (text, finish, extra)
        assert reply.truncated == (finish in ("length", "content_filter"))
        assert (account(client).tokens, account(client).lost_tokens) == (server.tokens, 0)


@pytest.mark.parametrize(("answer", "text", "finish", "extra"), SILENT)
def test_the_gateway_passes_it_on(answer: Answer, text: str, finish: str, extra: dict[str, Any]) -> None:
    with asking(lambda body, number: answer) as (server, client), Gateway(client, "openai/test") as gateway:
        said = posted(gateway, {"max_tokens": 20}).json()
        message = said["choices"][0]["message"]
        assert (message["content"] or "", said["choices"][0]["finish_reason"]) == (text, finish)
        assert {name: message[name] for name in extra} == extra
        assert (said["usage"]["total_tokens"], account(client).tokens) == (server.tokens, server.tokens)


def posted(gateway: Gateway, fields: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {gateway.key}"}
    body = {"model": "m", "messages": HI, **fields}
    return httpx.post(gateway.base_url + "/chat/completions", json=body, headers=headers, trust_env=False, timeout=60)


UNCOUNTED = [False, (0, 0), (-50_000, -50_000), (7, -1), (None, None), (12, 0), (0, 12)]


@pytest.mark.parametrize("usage", UNCOUNTED)
@pytest.mark.parametrize("through", ["client", "gateway"])
def test_what_the_server_did_not_count_is_booked_as_that(usage: Any, through: str) -> None:
    with asking(lambda body, number: Answer("x y", usage=usage)) as (server, client):
        if through == "client":
            ask(client)
        else:
            with Gateway(client, "openai/test") as gateway:
                assert posted(gateway, {"max_tokens": 20}).status_code == 200
        booked, most = account(client), Request("openai/test", HI, 20).prompt_bound + 20
        assert (booked.calls, booked.prompt_tokens, booked.completion_tokens) == (1, 0, 0)
        assert booked.lost_tokens == booked.uncounted_tokens == booked.tokens == most >= server.tokens


def test_it_is_told_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_noted", set())
    with caplog.at_level(logging.WARNING), asking(lambda body, number: Answer(usage=False)) as (_, client):
        for _ in range(3):
            ask(client)
    notes = [record.message for record in caplog.records if "openai/test" in record.message]
    assert len(notes) == 1
    assert "does not say how many tokens" in notes[0]


def refusing(wrong: str, right: str) -> Script:
    words = f"Unsupported parameter: '{wrong}' is not supported with this model. Use '{right}' instead."
    return lambda body, number: Answer(fault="400", refusal=words) if wrong in body else Answer("there")


def test_limit_is_called_as_the_model_wants_it() -> None:
    with asking(refusing("max_tokens", "max_completion_tokens")) as (server, client):
        assert ask(client).text == "there"
        assert ask(client).text == "there"
        assert [sorted(body.keys() & {"max_tokens", "max_completion_tokens"}) for body in server.bodies] == [
            ["max_tokens"],
            ["max_completion_tokens"],
            ["max_completion_tokens"],
        ]
        assert (account(client).calls, account(client).tokens) == (2, server.tokens)


def test_limit_that_no_name_helps_is_told_once() -> None:
    words = "Use neither 'max_tokens' nor 'max_completion_tokens'."
    with asking(lambda body, number: Answer(fault="400", refusal=words)) as (server, client):
        with pytest.raises(ModelError, match=r"give another limit with --agent-option max_tokens=N"):
            ask(client)
        assert server.calls == 2


@pytest.mark.parametrize(
    ("options", "refusal", "words"),
    [
        (
            {"temperature": 1.0},
            "Unsupported value: 'temperature' does not support 1.0",
            "--agent-option temperature=null",
        ),
        ({"reasoning_effort": "low"}, "Unknown field reasoning_effort", "--agent-option reasoning_effort=null"),
        (
            {"extra_body": {"top_a": 1}},
            "top_a: extra fields not permitted",
            "take 'top_a' out of --agent-option extra=",
        ),
        ({}, "max_tokens is too large: 20", "--agent-option max_tokens=N"),
    ],
)
def test_refused_parameter_is_told_by_our_option(options: dict[str, Any], refusal: str, words: str) -> None:
    with asking(lambda body, number: Answer(fault="400", refusal=refusal)) as (server, client):
        with pytest.raises(ModelError) as told:
            ask(client, **options)
        assert str(told.value).startswith("openai/test refused the request: ")
        assert words in str(told.value)
        assert "\n" not in str(told.value)
        assert (server.calls, client.budget.ledger.model_total.tokens) == (1, 0)


def test_any_other_parameter_reaches_the_server_and_none_that_the_books_cannot_hold() -> None:
    extra = {"enable_thinking": False, "provider": {"order": ["a"]}}
    with asking(lambda body, number: Answer()) as (server, client):
        ask(client, reasoning_effort="low", thinking={"type": "enabled"}, extra_body=extra)
        body = server.bodies[0]
        assert {name: body[name] for name in extra} == extra
        assert (body["reasoning_effort"], body["thinking"]) == ("low", {"type": "enabled"})
        for name in ("n", "max_tokens", "stream", "messages"):
            with pytest.raises(ModelError, match=f"cannot pass on '{name}'"):
                ask(client, extra_body={name: 5})
        assert server.calls == 1


@pytest.mark.parametrize(
    "wait", ["nan", "inf", "-inf", "1e400", "soon", "", "-5", "0", "Thu, 99 Foo 2020 00:00:00 GMT"]
)
def test_retry_after_that_is_no_time_hangs_nobody(wait: str) -> None:
    script = lambda body, number: Answer("at last", fault=None if number else "429", retry_after=wait)  # noqa: E731
    with asking(script) as (server, client):
        assert ask(client).text == "at last"
        assert (server.calls, account(client).tokens) == (2, server.tokens)


def test_retry_after_may_be_a_date() -> None:
    tomorrow = email.utils.formatdate(time.time() + 86_400, usegmt=True)
    with asking(lambda body, number: Answer(fault="503", retry_after=tomorrow)) as (server, client):
        with pytest.raises(ModelError, match=r"asks to wait 86,[34]\d\d s"):
            ask(client)
        assert server.calls == 1


def test_retry_after_of_a_date_that_has_passed_is_at_once() -> None:
    yesterday = email.utils.formatdate(time.time() - 86_400, usegmt=True)
    script = lambda body, number: Answer("at last", fault=None if number else "429", retry_after=yesterday)  # noqa: E731
    with asking(script) as (_, client):
        assert ask(client).text == "at last"


@contextmanager
def full_port() -> Iterator[int]:
    """A port where connections are never made: nobody accepts, and the line is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for each in waiting:
            each.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1", "https://{tls}/v1"])
def test_connection_that_was_never_made_costs_nothing(url: str) -> None:
    with ModelServer() as server:
        address = url.replace("{tls}", server.base_url.removeprefix("http://").removesuffix("/v1"))
        client = Client(Budget({}, Ledger()), settings=Settings(base_url=address, backoff=0.01, timeout=20, attempts=2))
        with pytest.raises(ModelError, match="cannot connect to"):
            ask(client)
        assert client.budget.ledger.model_total == ModelAccount()
        assert server.calls == 0


def test_connection_that_takes_too_long_costs_nothing() -> None:
    with full_port() as port:
        settings = Settings(base_url=f"http://127.0.0.1:{port}/v1", backoff=0.01, timeout=4, attempts=1)
        client = Client(Budget({}, Ledger()), settings=settings)
        with pytest.raises(ModelError, match="cannot connect to"):
            ask(client)
        assert client.budget.ledger.model_total == ModelAccount()
