"""The gateway: real libraries in front of it, a real server behind it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import Budget, Ledger, ModelAccount
from genopt_gym.llm import Client, Replies, Settings
from genopt_gym.llm.gateway import Gateway
from tests.helpers.model_server import Answer, Fault, ModelServer, Script

HI: Any = [{"role": "user", "content": "Hi there"}]
TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}


def numbered(body: dict[str, Any], number: int) -> Answer:
    return Answer(f"reply {number}")


class Served(NamedTuple):
    server: ModelServer
    gateway: Gateway
    ledger: Ledger


@contextmanager
def serving(
    script: Script = numbered,
    tokens: int | None = None,
    replies: Replies | None = None,
    role: str = "proposer",
    grace: float = 10.0,
    **settings: Any,
) -> Iterator[Served]:
    ledger = Ledger()
    with ModelServer(script) as server:
        budget = Budget({} if tokens is None else {"tokens": tokens}, ledger)
        client = Client(budget, replies, Settings(server.base_url, **({"timeout": 20.0, "backoff": 0.01} | settings)))
        with Gateway(client, "openai/upstream", role, grace=grace) as gateway:
            yield Served(server, gateway, ledger)


class Sdk(openai.OpenAI):
    """OpenAI's own package with its own retries, and a count of the requests that they make."""

    def __init__(
        self, gateway: Gateway, api_key: str | None = None, max_retries: int = 3, timeout: float = 60.0
    ) -> None:
        self.sent: list[httpx.Request] = []
        http = openai.DefaultHttpxClient(event_hooks={"request": [self.sent.append]}, trust_env=False)
        super().__init__(
            base_url=gateway.base_url,
            api_key=api_key or gateway.key,
            max_retries=max_retries,
            timeout=timeout,
            http_client=http,
        )

    def ask(self, words: str = "Hi there", **options: Any) -> str:
        messages: Any = [{"role": "user", "content": words}]
        reply = self.chat.completions.create(model="gpt-4o", messages=messages, **({"max_tokens": 50} | options))
        assert isinstance(reply.choices[0].message.content, str)
        return reply.choices[0].message.content


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def post(gateway: Gateway, content: bytes, route: str = "/chat/completions", key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {gateway.key if key is None else key}"}
    return httpx.post(gateway.base_url + route, content=content, headers=headers, trust_env=False, timeout=20)


def error_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["x-should-retry"] == "false"
    error = response.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert isinstance(error, dict)
    return error


def test_the_sdk_is_answered_by_the_one_model_and_its_call_is_charged() -> None:
    with serving(role="workflow") as (server, gateway, ledger), Sdk(gateway) as sdk:
        reply = sdk.chat.completions.create(model="any-name", messages=HI, max_tokens=50, temperature=0.5, seed=7)
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("reply 0", "stop")
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (2, 2, 4)
        assert reply.model == "openai/upstream"
        sent = {"model": "upstream", "messages": HI, "max_tokens": 50, "temperature": 0.5, "seed": 7}
        assert server.bodies == [sent]
        assert ledger.models == {"workflow": ModelAccount(1, 2, 2, 0, None)}


def test_the_asynchronous_sdk_has_its_calls_answered_at_once() -> None:
    async def ask(gateway: Gateway) -> list[str | None]:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key, http_client=http) as sdk:
            calls = (sdk.chat.completions.create(model="gpt-4o", messages=HI) for _ in range(8))
            return [reply.choices[0].message.content for reply in await asyncio.gather(*calls)]

    with serving(lambda body, number: Answer(f"reply {number}", delay=0.3)) as (server, gateway, _):
        assert sorted(map(str, asyncio.run(ask(gateway)))) == [f"reply {number}" for number in range(8)]
        assert server.most_at_once == 8


def test_litellm_is_answered(served: Served) -> None:
    import litellm

    reply = litellm.completion(
        "openai/gpt-4o", HI, api_base=served.gateway.base_url, api_key=served.gateway.key, max_completion_tokens=9
    )
    assert reply.choices[0].message.content.startswith("reply ")
    assert served.server.bodies[-1]["max_tokens"] == 9


def test_without_a_model_of_its_own_it_asks_the_one_that_is_named() -> None:
    with ModelServer() as server, Gateway(Client(settings=Settings(server.base_url))) as gateway, Sdk(gateway) as sdk:
        sdk.chat.completions.create(model="openai/chosen", messages=HI)
        assert server.bodies[0]["model"] == "chosen"
        assert sdk.models.list().data == []
        assert error_of(post(gateway, json.dumps({"messages": HI}).encode()))["param"] == "model"


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_brings_the_whole_reply_in_pieces(usage: bool) -> None:
    text = "".join(f"line {number}, größer 🙂\n" for number in range(20))
    with serving(lambda body, number: Answer(text)) as (_, gateway, _), Sdk(gateway) as sdk:
        options: Any = {"stream_options": {"include_usage": True}} if usage else {}
        with sdk.chat.completions.create(model="m", messages=HI, stream=True, **options) as stream:
            pieces = list(stream)
    counts = [piece.usage for piece in pieces if piece.usage is not None]
    assert [count.prompt_tokens for count in counts] == ([2] if usage else [])
    if usage:
        assert pieces.pop().choices == []
    choices = [piece.choices[0] for piece in pieces]
    assert len(choices) > 4
    assert "".join(choice.delta.content or "" for choice in choices) == text
    assert [choice.finish_reason for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[0].delta.role == "assistant"


def test_a_stream_ends_as_the_protocol_says(served: Served) -> None:
    response = post(served.gateway, json.dumps({"model": "m", "messages": HI, "stream": True}).encode())
    assert response.headers["content-type"] == "text/event-stream"
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])


def test_several_choices_are_several_calls_and_one_bill() -> None:
    with serving(lambda body, number: Answer(f"reply {number}", delay=0.2)) as (server, gateway, ledger):
        with Sdk(gateway) as sdk:
            reply = sdk.chat.completions.create(model="m", messages=HI, n=3)
        assert sorted(str(choice.message.content) for choice in reply.choices) == ["reply 0", "reply 1", "reply 2"]
        assert [choice.index for choice in reply.choices] == [0, 1, 2]
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (6, 6)
        assert server.most_at_once == 3
        assert all("n" not in body for body in server.bodies)
        assert ledger.models["proposer"].calls == 3


@pytest.mark.parametrize("stream", [False, True])
def test_tools_go_there_and_their_calls_come_back(stream: bool) -> None:
    answer = Answer("", finish="tool_calls", message={"tool_calls": [CALL]})
    with serving(lambda body, number: answer) as (server, gateway, _), Sdk(gateway) as sdk:
        reply: Any = sdk.chat.completions.create(
            model="m", messages=HI, tools=[TOOL], tool_choice="auto", stream=stream
        )
        choices = [piece.choices[0] for piece in reply] if stream else reply.choices
        assert (server.bodies[0]["tools"], server.bodies[0]["tool_choice"]) == ([TOOL], "auto")
    assert choices[-1].finish_reason == "tool_calls"
    said = choices[0].delta if stream else choices[0].message
    (call,) = said.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "look", '{"at": "sky"}')


def test_fields_that_change_nothing_stay_here_and_the_others_are_passed_on(served: Served) -> None:
    with Sdk(served.gateway) as sdk:
        kept: Any = {"user": "me", "store": False, "metadata": {"run": "1"}, "logprobs": False, "stop": None}
        passed: Any = {"top_p": 0.9, "response_format": {"type": "json_object"}, "presence_penalty": 0.1}
        sdk.ask(**kept, **passed, extra_body={"top_k": 5})
    body = served.server.bodies[-1]
    assert body == passed | {"model": "upstream", "messages": HI, "max_tokens": 50, "top_k": 5}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"logprobs": True}, "cannot pass on 'logprobs'"),
        ({"api_base": "http://127.0.0.1:1"}, "cannot pass on 'api_base'"),
        ({"num_retries": 9}, "cannot pass on 'num_retries'"),
        ({"messages": []}, "'messages' is missing"),
        ({"messages": ["Hi"]}, "every message is an object"),
        ({"messages": [{"role": "user", "content": 3}]}, "or a list of parts that are texts"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "parts that are texts",
        ),
        ({"tools": [{"type": "web_search"}]}, "'tools' is a list"),
        ({"max_tokens": 0}, "'max_tokens' must be a whole number"),
        ({"max_completion_tokens": True}, "'max_completion_tokens' must be a whole number"),
        ({"n": 1000}, "'n' must be a whole number from 1 to 128"),
        ({"stream": "yes"}, "'stream' is true or false"),
    ],
)
def test_a_request_that_cannot_be_kept_to_is_refused_in_one_sentence(
    served: Served, field: dict[str, Any], words: str
) -> None:
    calls = served.server.calls
    response = post(served.gateway, json.dumps({"model": "m", "messages": HI} | field).encode())
    assert response.status_code == 400
    assert words in error_of(response)["message"]
    assert served.server.calls == calls


@pytest.mark.parametrize(
    "body", [b"", b'{"model": "m", "messages"', b"[1, 2]", b"\xff\xfe", b"[" * 100_000, b'"\\ud800"']
)
def test_a_body_that_is_no_request_gets_a_400(served: Served, body: bytes) -> None:
    response = post(served.gateway, body)
    assert response.status_code == 400
    assert error_of(response)["type"] == "invalid_request_error"


@pytest.mark.parametrize("key", ["", "wrong", "genopt-", "schlüssel"])
def test_nothing_is_answered_without_the_key(served: Served, key: str) -> None:
    for route in ("/chat/completions", "/models", "/nowhere"):
        url = served.gateway.base_url + route
        headers = {b"Authorization": f"Bearer {key}".encode()} if key else {}
        response = httpx.post(url, content=b"{}", headers=headers, trust_env=False)
        assert response.status_code == 401
        assert error_of(response)["code"] == "invalid_api_key"


def test_the_sdk_says_that_the_key_is_wrong(served: Served) -> None:
    with Sdk(served.gateway, api_key="wrong") as sdk, pytest.raises(openai.AuthenticationError, match="key is missing"):
        sdk.ask()


@pytest.mark.parametrize(("route", "status"), [("/embeddings", 404), ("/responses", 404), ("/models", 405)])
def test_an_unknown_route_says_which_there_are(served: Served, route: str, status: int) -> None:
    response = post(served.gateway, b"{}", route)
    assert response.status_code == status
    assert "the gateway has POST /v1/chat/completions" in error_of(response)["message"]


def test_models_lists_the_one(served: Served) -> None:
    with Sdk(served.gateway) as sdk:
        assert [model.id for model in sdk.models.list()] == ["openai/upstream"]
        assert sdk.models.retrieve("openai/upstream").id == "openai/upstream"
        with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o'"):
            sdk.models.retrieve("gpt-4o")


@pytest.mark.parametrize(("fault", "calls"), [("401", 1), ("quota", 1), ("500", 2), ("cut", 2), ("nonsense-body", 2)])
def test_a_model_that_fails_for_good_fails_once(fault: Fault, calls: int) -> None:
    with serving(lambda body, number: Answer(fault=fault), attempts=2) as (server, gateway, ledger):
        with Sdk(gateway) as sdk, pytest.raises(openai.InternalServerError) as caught:
            sdk.ask()
        assert caught.value.status_code == 502
        assert caught.value.code == "model_error"
        assert (len(sdk.sent), server.calls) == (1, calls)
        assert ledger.model_total.tokens >= server.tokens


def test_the_client_does_the_retries() -> None:
    with serving(lambda body, number: Answer("at last", fault=None if number == 2 else "500")) as (server, gateway, _):
        with Sdk(gateway) as sdk:
            assert sdk.ask() == "at last"
        assert (len(sdk.sent), server.calls) == (1, 3)


FAULTS: list[Fault | None] = [None, None, None, "429", None, "cut", "500", "half", None, None, "timeout"]


def test_the_budget_holds_under_parallel_calls_and_retries_and_once_spent_stays_spent() -> None:
    limit = 12_000
    codes: list[str | None] = []

    def script(body: dict[str, Any], number: int) -> Answer:
        return Answer("word " * (40 * (number % 5)), delay=0.01, fault=FAULTS[number % len(FAULTS)])

    def ask(worker: int) -> None:
        for turn in range(8):
            try:
                sdk.ask(f"worker {worker}, turn {turn}", max_tokens=150)
            except openai.RateLimitError as error:
                codes.append(error.code)

    with serving(script, tokens=limit, timeout=1.0, attempts=10) as (server, gateway, ledger), Sdk(gateway) as sdk:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, range(16)))
        assert server.tokens <= ledger.model_total.tokens <= limit
        assert server.tokens > limit / 3
        assert server.most_at_once > 4
        assert len(codes) >= 8
        assert set(codes) == {"insufficient_quota"}
        assert len(sdk.sent) == 16 * 8
        calls = server.calls
        with pytest.raises(openai.RateLimitError, match="the budget of 12,000 tokens would be passed"):
            sdk.ask("x", max_tokens=1)
        with pytest.raises(openai.RateLimitError):
            sdk.chat.completions.create(model="m", messages=HI, max_tokens=1, n=3, stream=True)
        assert (server.calls, len(sdk.sent)) == (calls, 16 * 8 + 2)


def test_what_was_recorded_is_replayed_without_the_model(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    record = Replies(path)
    with serving(replies=record) as (server, gateway, recorded), Sdk(gateway) as sdk:
        said = [sdk.ask(words, temperature=1) for words in ("a", "a", "b", "a")]
    record.close()
    assert said == [f"reply {number}" for number in range(4)]

    ledger = Ledger()
    client = Client(Budget({}, ledger), Replies(path, "replay"), Settings(server.base_url))
    with Gateway(client, "openai/upstream") as gateway, Sdk(gateway) as sdk:
        assert [sdk.ask(words, temperature=1) for words in ("a", "a", "b", "a")] == said
        with pytest.raises(openai.BadRequestError, match="holds no reply to this question") as caught:
            sdk.ask("new")
        assert caught.value.code == "replay_miss"
        assert len(sdk.sent) == 5
    assert (ledger, server.calls) == (recorded, 4)


def test_calls_under_way_end_before_it_closes() -> None:
    with ThreadPoolExecutor(4) as pool, serving(lambda body, number: Answer("late", delay=0.5)) as served:
        with Sdk(served.gateway) as sdk:
            calls = [pool.submit(sdk.ask) for _ in range(4)]
            wait_for(served.server, 4)
            served.gateway.close()
            assert [call.result() for call in calls] == ["late"] * 4
        with pytest.raises(httpx.ConnectError):
            post(served.gateway, b"{}")
        served.gateway.close()


def test_calls_that_outlast_the_grace_are_answered_and_charged_in_full() -> None:
    with ThreadPoolExecutor(1) as pool, serving(lambda body, number: Answer(delay=60), grace=0.1) as served:
        server, gateway, ledger = served
        with Sdk(gateway) as sdk:
            call = pool.submit(sdk.ask)
            wait_for(server, 1)
            gateway.close()
            with pytest.raises(openai.InternalServerError, match="closed before the reply came"):
                call.result()
        assert ledger.models["proposer"].lost_tokens > 50


def test_a_caller_who_leaves_is_charged_what_the_reply_cost() -> None:
    with serving(lambda body, number: Answer("late", delay=0.5)) as (server, gateway, ledger):
        with Sdk(gateway, timeout=0.2, max_retries=0) as sdk, pytest.raises(openai.APITimeoutError):
            sdk.ask()
        gateway.close()
        assert ledger.models == {"proposer": ModelAccount(1, 2, 1, 0, None)}
        assert server.tokens == 3


def test_a_port_in_use_is_named(served: Served) -> None:
    port = int(served.gateway.base_url.split(":")[2].removesuffix("/v1"))
    with pytest.raises(UserError, match=f"cannot serve on port {port} .it is in use."), Gateway(Client(), port=port):
        pass


def wait_for(server: ModelServer, calls: int) -> None:
    for _ in range(1000):
        if server.calls >= calls:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{server.calls} calls came, not {calls}")
