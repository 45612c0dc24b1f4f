"""The gateway: real libraries in front of it, a real server behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from genopt_gym.core.ledger import ModelAccount
from genopt_gym.llm import Client, Settings
from genopt_gym.llm.gateway import Gateway
from tests.helpers.gateway import CALL, HI, TOOL, Sdk, Served, error_of, post, serving
from tests.helpers.model_server import Answer, ModelServer


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


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
