"""The gateway: other libraries ask models through this suite's client, over OpenAI's chat protocol.

Whatever takes a base URL and a key (the openai package, litellm, DSPy, ...) so shares its budget, replay and accounts.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import BudgetSpent
from genopt_gym.llm.client import Client
from genopt_gym.llm.errors import ModelError, ReplayMiss
from genopt_gym.llm.protocol import ChatRequest, Refusal, answer, pieces, read_question
from genopt_gym.llm.request import Reply

try:
    from aiohttp import web
except ImportError:
    raise ModelError("the gateway needs aiohttp: pip install 'genopt-gym[llm]'") from None

LONGEST_BODY = 64 * 1024**2
"""Bytes."""
ROUTES = "POST /v1/chat/completions, GET /v1/models and GET /v1/models/ID"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gateway:
    """A server on 127.0.0.1, on a thread of its own, for as long as ``with`` lasts.

    A streamed reply is asked for whole and then sent in pieces. ``n`` choices are ``n`` calls at once; if one of them
    fails, so does the whole. A caller who leaves before the reply came does not stop the call, which may have cost
    by then.

    Args:
        client: who asks.
        model: answers whatever model a library names; ``None`` asks the one that is named.
        role: whom calls are charged to.
        port: 0 takes a free one.
        grace: seconds that calls under way get at the end. Those that take longer are answered with an error, and
            charged with all that they may have cost.
        options: of requests that do not say otherwise, as in ``{"reasoning_effort": "low"}``.

    Attributes:
        key: that callers have to give. Made here: other users of the machine may reach the port.
        failure: the first spent budget or failing model that a question has met.

    Raises:
        UserError: on entering, if the port cannot be had.
    """

    def __init__(
        self,
        client: Client,
        model: str | None = None,
        role: str = "proposer",
        port: int = 0,
        grace: float = 10.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.key = f"genopt-{secrets.token_urlsafe(24)}"
        self.failure: BudgetSpent | ModelError | None = None
        self._client, self._model, self._role, self._port, self._grace = client, model, role, port, grace
        self._options = dict(options or {})
        self._started = int(time.time())
        self._calls: set[asyncio.Task[list[Reply]]] = set()
        self._address: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="genopt-gateway", daemon=True)

    @property
    def base_url(self) -> str:
        """As libraries call it; waits until the server runs."""
        return f"http://127.0.0.1:{self._address.result()}/v1"

    def close(self) -> None:
        """Take no more calls, let those under way end, and stop."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        self._address.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._address.done():
                raise
            self._address.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(middlewares=[self._guard], client_max_size=LONGEST_BODY)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._list)
        app.router.add_get("/v1/models/{id:.+}", self._show)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port)
            try:
                await site.start()
            except (OSError, OverflowError) as error:
                taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
                why = "it is in use" if taken else str(error)
                raise UserError(f"cannot serve on port {self._port} ({why}): take another, or 0 for any") from None
            self._address.set_result(runner.addresses[0][1])
            await self._closing.wait()
            await site.stop()
            await self._end_calls()
        finally:
            await runner.cleanup()
            await asyncio.sleep(0)  # connections that were closed let go of their sockets in the loop's next turn

    async def _end_calls(self) -> None:
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._grace)
        late = list(self._calls)
        for call in late:
            call.cancel()
        if late:
            await asyncio.sleep(0.1)  # the client books them on a loop of its own

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets in who has the key, and puts whatever goes wrong into OpenAI's form."""
        try:
            self._check_key(request.headers.get("Authorization", ""))
            if self._closing.is_set():
                raise Refusal(503, "the gateway is closing", kind="server_error")
            return await handler(request)
        except Exception as error:
            refusal = _refusal(error, request)
        # Never again: the client has made all the attempts that are worth while.
        return web.json_response(refusal.body, status=refusal.status, headers={"x-should-retry": "false"})

    def _check_key(self, header: str) -> None:
        scheme, _, key = header.partition(" ")
        same = hmac.compare_digest(key.strip().encode("utf-8", "surrogateescape"), self.key.encode())
        if scheme.lower() != "bearer" or not same:
            raise Refusal(401, "the gateway's key is missing or wrong: it was shown at start", "invalid_api_key")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._reply(request)
        except (BudgetSpent, ModelError) as error:
            self.failure = self.failure or error
            raise

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        question = read_question(await request.read(), self._model, self._options)
        call = asyncio.create_task(self._ask(question))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        await asyncio.wait([call])
        if call.cancelled():
            raise Refusal(503, "the gateway was closed before the reply came", kind="server_error")
        whole = answer(question.request.model, call.result())
        return await _stream(request, pieces(whole, usage=question.usage)) if question.stream else _json(whole)

    async def _ask(self, question: ChatRequest) -> list[Reply]:
        calls = (self._client.acomplete(question.request, self._role) for _ in range(question.count))
        replies = []
        # All come to their own end, even after a failure: what they cost is to be booked.
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            replies.append(outcome)
        return replies

    async def _list(self, request: web.Request) -> web.Response:
        return _json({"object": "list", "data": [] if self._model is None else [self._facts(self._model)]})

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name != self._model:
            message = f"the gateway lists no model {name!r}" + (f", only {self._model!r}" if self._model else "")
            raise Refusal(404, message, "model_not_found", "model")
        return _json(self._facts(name))

    def _facts(self, model: str) -> dict[str, Any]:
        return {"id": model, "object": "model", "created": self._started, "owned_by": "genopt"}


def _refusal(error: Exception, request: web.Request) -> Refusal:
    match error:
        case Refusal():
            return error
        case BudgetSpent():
            return Refusal(429, str(error), "insufficient_quota", kind="insufficient_quota")
        case ReplayMiss():
            return Refusal(400, str(error), "replay_miss")
        case ModelError():
            return Refusal(502, str(error), "model_error", kind="server_error")
        case web.HTTPException():
            message = f"{request.method} {request.path}: {error.reason}"
            if error.status in (404, 405):
                message += f"; the gateway has {ROUTES}"
            return Refusal(error.status, message, "not_found" if error.status == 404 else None)
    logging.getLogger(__name__).error("a call to the gateway failed", exc_info=error)
    return Refusal(500, f"the gateway itself failed: {error!r}", kind="server_error")


def _json(data: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(data), content_type="application/json")


async def _stream(request: web.Request, chunks: Iterator[dict[str, Any]]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    try:
        await response.prepare(request)
        for chunk in chunks:
            await response.write(b"data: " + msgspec.json.encode(chunk) + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
    except ConnectionError:
        pass  # who asked has left; the reply is booked all the same
    return response
