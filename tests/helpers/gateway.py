"""A gateway with a real server behind it, and who asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import openai

from genopt_gym.core.ledger import Budget, Ledger
from genopt_gym.llm import Client, Replies, Settings
from genopt_gym.llm.gateway import Gateway
from tests.helpers.model_server import Answer, ModelServer, Script

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


def post(gateway: Gateway, content: bytes, route: str = "/chat/completions", key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {gateway.key if key is None else key}"}
    return httpx.post(gateway.base_url + route, content=content, headers=headers, trust_env=False, timeout=20)


def error_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["x-should-retry"] == "false"
    error = response.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert isinstance(error, dict)
    return error
