"""A provider of models to test against: a real server on loopback that keeps its own books.

What it counts does not come from the client's answers, so that it can tell whether the client's budget held.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

Fault = Literal["400", "401", "404", "429", "quota", "500", "503", "cut", "half", "timeout", "nonsense-body"]

STATUS = {"400": 400, "401": 401, "404": 404, "429": 429, "quota": 429, "500": 500, "503": 503}
"""Of the faults that the server says itself; none of them runs the model, so none has tokens."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Answer:
    """What the server does with one call.

    Attributes:
        text: of the reply. Cut to the call's ``max_tokens``, with ``finish`` then ``length``.
        finish: why the reply ended.
        delay: seconds before the server does anything but count.
        fault: what goes wrong. ``quota`` is a 429 that says that the account is empty; ``cut`` closes the connection
            before a byte of the reply, ``half`` in the middle of it; ``timeout`` never answers; ``nonsense-body`` is a
            200 with a page of HTML. The last four have tokens like a good reply, as with a provider that has answered.
        retry_after: seconds or any words, sent as ``Retry-After`` with a fault that has a status.
        refusal: the words of a fault that has a status; ``None`` names the fault.
        message: what the reply's message holds beside its text, such as ``tool_calls``.
        usage: whether the reply says how many tokens it has, or what it says instead of the truth: a number for prompt
            and for reply. The server counts them all the same.
        silent: whether the reply's content is null.
    """

    text: str = "ok"
    finish: str = "stop"
    delay: float = 0.0
    fault: Fault | None = None
    retry_after: float | str | None = None
    refusal: str | None = None
    message: dict[str, Any] = field(default_factory=dict)
    usage: bool | tuple[Any, Any] = True
    silent: bool = False


Script = Callable[[dict[str, Any], int], Answer]
"""The answer to a request's body and number (0, 1, ... in the order of their coming)."""


def count_tokens(text: str) -> int:
    """Words and punctuation marks: at most one for each byte.

    >>> count_tokens("Hello, you two!")
    5
    """
    return len(_TOKEN.findall(text))


def prompt_tokens_of(body: dict[str, Any]) -> int:
    """Tokens of the messages and of the tools that the model is told of."""
    parts = [message.get("content") or "" for message in body["messages"]]
    parts += [message["tool_calls"] for message in body["messages"] if message.get("tool_calls")]
    parts += [body[name] for name in ("tools", "response_format") if body.get(name)]
    return sum(count_tokens(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)) for part in parts)


class ModelServer:
    """Speaks OpenAI's chat protocol (whole replies, one choice) on a thread of its own, for as long as ``with`` lasts.

    Args:
        script: says what to answer; it runs on the server's thread. If it raises, the call gets a 500, and the
            exception comes out of ``close``.

    >>> with ModelServer(lambda body, number: Answer(f"reply {number}")) as server:
    ...     server.calls, server.tokens
    (0, 0)
    """

    def __init__(self, script: Script = lambda body, number: Answer()) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._bodies: list[dict[str, Any]] = []
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._running = 0
        self._most_at_once = 0
        self._failure: Exception | None = None
        self._port: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="model-server", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port.result()}/v1"

    @property
    def calls(self) -> int:
        """Requests that came, however they were answered."""
        with self._lock:
            return len(self._bodies)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Of all requests, in the order of their coming."""
        with self._lock:
            return list(self._bodies)

    @property
    def prompt_tokens(self) -> int:
        """Of all calls that ran the model, whether or not their answer arrived."""
        with self._lock:
            return self._prompt_tokens

    @property
    def completion_tokens(self) -> int:
        """Of all calls that ran the model, whether or not their answer arrived."""
        with self._lock:
            return self._completion_tokens

    @property
    def tokens(self) -> int:
        """What a provider would bill."""
        with self._lock:
            return self._prompt_tokens + self._completion_tokens

    @property
    def most_at_once(self) -> int:
        """The most calls that were under way at the same time."""
        with self._lock:
            return self._most_at_once

    def close(self) -> None:
        """End at once; calls under way are cut. The counts stay. Raises what the script raised."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def __enter__(self) -> Self:
        self._thread.start()
        self._port.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_post("/v1/chat/completions", self._counted)
        # Where the caller leaves, its handler is cancelled: it is no longer under way.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._port.set_result(runner.addresses[0][1])
            await self._closing.wait()
        finally:
            await runner.cleanup()

    async def _counted(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        with self._lock:
            number = len(self._bodies)
            self._bodies.append(body)
            self._running += 1
            self._most_at_once = max(self._most_at_once, self._running)
        try:
            try:
                answer = self._answer(request, body, number)
            except Exception as error:
                self._failure = self._failure or error
                raise
            return await answer
        finally:
            with self._lock:
                self._running -= 1

    def _answer(self, request: web.Request, body: dict[str, Any], number: int) -> Awaitable[web.StreamResponse]:
        answer = self._script(body, number)
        if answer.fault in STATUS:
            return _refuse(answer)
        # At the start, not the end: a model runs on when its caller has left.
        reply = _reply(answer, body, number)
        with self._lock:
            self._prompt_tokens += reply["usage"]["prompt_tokens"]
            self._completion_tokens += reply["usage"]["completion_tokens"]
        if answer.usage is False:
            del reply["usage"]
        elif isinstance(answer.usage, tuple):
            prompt, completion = answer.usage
            reply["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": 0}
        return _send(request, answer, json.dumps(reply).encode())


async def _refuse(answer: Answer) -> web.Response:
    await asyncio.sleep(answer.delay)
    code = "insufficient_quota" if answer.fault == "quota" else None
    pause = answer.retry_after
    headers = {} if pause is None else {"Retry-After": pause if isinstance(pause, str) else f"{pause:g}"}
    error = {
        "message": answer.refusal or f"scripted fault {answer.fault}",
        "type": "scripted",
        "param": None,
        "code": code,
    }
    return web.json_response({"error": error}, status=STATUS[str(answer.fault)], headers=headers)


def _reply(answer: Answer, body: dict[str, Any], number: int) -> dict[str, Any]:
    text, finish = answer.text, answer.finish
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    ends = [match.end() for match in _TOKEN.finditer(text)]
    if most is not None and len(ends) > most:
        text, finish = text[: ends[most - 1]], "length"
    beside = count_tokens(json.dumps(answer.message, ensure_ascii=False)) if answer.message else 0
    prompt, completion = prompt_tokens_of(body), count_tokens(text) + beside
    completion = completion if most is None else min(completion, most)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None if answer.silent else text, **answer.message},
                "finish_reason": finish,
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


async def _send(request: web.Request, answer: Answer, data: bytes) -> web.StreamResponse:
    await asyncio.sleep(answer.delay)
    if answer.fault == "nonsense-body":
        return web.Response(text="<html><body>Welcome to nginx!</body></html>", content_type="text/html")
    if answer.fault is None:
        return web.Response(body=data, content_type="application/json")
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
    if answer.fault == "half":
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
    if answer.fault != "timeout" and request.transport is not None:
        request.transport.close()
    # Until the connection is gone, which cancels this.
    await asyncio.Event().wait()
    return response
