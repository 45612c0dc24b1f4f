"""The client: every model call of the suite goes through it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec

from genopt_gym.core.ledger import Budget, BudgetSpent, Ledger, ModelAccount, Reservation
from genopt_gym.llm.backend import Backend, backend_of
from genopt_gym.llm.errors import ModelError, ModelRefused, Transient
from genopt_gym.llm.replies import Recorded, Replies
from genopt_gym.llm.request import Reply, Request, is_text, option_problem
from genopt_gym.llm.settings import Settings

LONGEST_BACKOFF = 60.0
"""Seconds."""
LONGEST_RETRY_AFTER = 600.0
"""Seconds: a provider that asks to wait for longer has refused."""
POLL = 0.005
"""Seconds between looks at what other calls have given back to the budget."""

T = TypeVar("T")


class Client:
    """Asks models, and keeps the books.

    Args:
        budget: the hard stop: before each attempt its highest possible cost is reserved, and once a call was refused
            every later one is. Its ledger gets what calls cost, by role.
        replies: recorded replies; ``None`` records nothing.
        settings: retries, limits, addresses.
        backend: who answers; ``None`` goes by the model's name.

    >>> Client().complete(Request("local/no-such-file.gguf", [{"role": "user", "content": "Hi"}]))
    Traceback (most recent call last):
    genopt_gym.llm.errors.ModelError: there is no model file no-such-file.gguf (of local/no-such-file.gguf)
    """

    def __init__(
        self,
        budget: Budget | None = None,
        replies: Replies | None = None,
        settings: Settings | None = None,
        backend: Backend | None = None,
    ) -> None:
        self.budget = budget or Budget({}, Ledger())
        self.replies = replies
        self.settings = settings or Settings()
        self._backend = backend
        self._gate: _Gate | None = None
        self._random = random.Random()
        for role, cost in replies.unanswered if replies else ():
            # An interrupted run may have spent it.
            lost = ModelAccount(lost_tokens=cost.tokens, money=cost.money, lost_calls=1)
            self.budget.ledger.charge_model(role, lost)

    def with_(self, settings: Settings, backend: Backend | None = None) -> Client:
        """A client with other settings (and backend), and the same budget and replies."""
        other = Client(self.budget, None, settings, backend or self._backend)
        other.replies = self.replies
        return other

    def backend(self, model: str) -> Backend:
        return self._backend or backend_of(model)

    def complete(self, request: Request, role: str = "proposer") -> Reply:
        """Ask, and wait for the reply.

        Raises:
            BudgetSpent: the call could pass the budget, or an earlier one could have.
            ModelError: the model cannot be asked, or all attempts failed.
            ReplayMiss: replay was asked for something new.
        """
        return self.complete_all([request], role)[0]

    def complete_all(self, requests: Sequence[Request], role: str = "proposer") -> list[Reply]:
        """Ask several things at once; replies in the order of the requests.

        Where the budget ends on the way, only those before the first that it refused. Raises as ``complete``.
        """
        keys = [self._key(request) for request in requests]
        return _wait(_submit(self._all(requests, keys, role)))

    async def acomplete(self, request: Request, role: str = "proposer") -> Reply:
        """``complete`` for asyncio, on any event loop."""
        return await asyncio.wrap_future(self.submit(request, role))

    def submit(self, request: Request, role: str = "proposer", asker: str = "") -> Future[Reply]:
        """Ask, and go on. ``asker`` tells apart who asks side by side: each gets its own replies again."""
        return _submit(self._complete(request, self._key(request, asker), role))

    def _key(self, request: Request, asker: str = "") -> tuple[str, int]:
        """Taken in the order of the calls, so that parallel ones get the same replies again."""
        return self.replies.occurrence(request, asker) if self.replies else ("", 0)

    async def _all(self, requests: Sequence[Request], keys: Sequence[tuple[str, int]], role: str) -> list[Reply]:
        # All come to their own end, even after a failure: what they cost is to be booked.
        calls = (self._complete(request, key, role) for request, key in zip(requests, keys, strict=True))
        replies: list[Reply] = []
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, BudgetSpent) and replies:
                break
            if isinstance(outcome, BaseException):
                raise outcome
            replies.append(outcome)
        return replies

    async def _complete(self, request: Request, key: tuple[str, int], role: str) -> Reply:
        recorded = self.replies.get(key) if self.replies else None
        if recorded is not None:
            # Counts as when it was asked: else an interrupted run could spend its budget twice.
            self.budget.ledger.charge_model(role, recorded.cost)
            return recorded.reply
        if self._gate is None:
            self._gate = _Gate(self.settings)
        async with self._gate.slots:
            return await self._ask(request, key, role)

    async def _ask(self, request: Request, key: tuple[str, int], role: str) -> Reply:
        assert self._gate is not None
        if problem := option_problem(request.options):
            raise ModelRefused(problem)
        if not all(is_text(message.get("content")) for message in request.messages):
            raise ModelError("a request holds text alone: what an image costs, no budget could know before")
        backend, settings = self.backend(request.model), self.settings
        prices = self._prices(request.model)
        most = (request.prompt_bound, request.max_tokens) if backend.counts_tokens else (0, 0)
        money = None if prices is None else prices[0] * most[0] + prices[1] * most[1]
        spent = ModelAccount()
        attempt = 1
        while True:
            reservation = await self._reserve(request, sum(most), money)
            outcome = ModelAccount()
            try:
                if self.replies is not None:
                    if self.replies.mode == "replay":
                        raise self.replies.miss(request, key)
                    self.replies.begin(key, role, reservation.lost())
                await self._gate.pace()
                reply = await _within(settings.timeout, backend.complete(request, settings))
                reply = _priced(reply, prices)
                outcome = _cost(reply, reservation, request.model)
                spent.add(outcome)
                if self.replies is not None:
                    self.replies.add(key, role, request, Recorded(reply, spent))
                return reply
            except Transient as failure:
                if failure.may_have_cost:
                    outcome = reservation.lost()
                    spent.add(outcome)
                if attempt >= min(settings.attempts, failure.tries or settings.attempts):
                    tries = f"{attempt} attempts" if attempt > 1 else "one attempt"
                    raise ModelError(f"{request.model} gave no answer in {tries}: {failure}") from failure
                pause = self._pause(attempt, failure)
                attempt += 1
            except asyncio.CancelledError:
                outcome = reservation.lost()
                raise
            finally:
                reservation.settle(role, outcome)
            await asyncio.sleep(pause)

    async def _reserve(self, request: Request, tokens: int, money: float | None) -> Reservation:
        while True:
            try:
                reservation = self.budget.reserve(tokens, money)
            except ValueError:
                raise ModelRefused(
                    f"the price of {request.model} is not known, so a budget of money cannot be kept: "
                    "give one of tokens, or give the prices (dollars per million prompt and reply tokens)"
                ) from None
            if reservation is not None:
                return reservation
            await asyncio.sleep(POLL)

    def _prices(self, model: str) -> tuple[float, float] | None:
        if self.settings.prices is not None:
            return self.settings.prices[0] / 1e6, self.settings.prices[1] / 1e6
        return self.backend(model).prices(model)

    def _pause(self, attempt: int, failure: Transient) -> float:
        """Seconds before the next attempt."""
        if failure.retry_after is not None:
            if not failure.retry_after <= LONGEST_RETRY_AFTER:
                raise ModelError(f"the provider asks to wait {failure.retry_after:,.0f} s: {failure}")
            return failure.retry_after * (1 + 0.1 * self._random.random())
        # Half of it at random, so that calls that failed together do not come back together.
        most = min(self.settings.backoff * 2.0 ** (attempt - 1), LONGEST_BACKOFF)
        return most * (0.5 + 0.5 * self._random.random())


class _Gate:
    """Concurrency and rate limit of one client; used on the background loop only."""

    def __init__(self, settings: Settings) -> None:
        self.slots = asyncio.Semaphore(int(settings.concurrency))
        self._interval = 60.0 / settings.requests_per_minute if settings.requests_per_minute else 0.0
        self._next = 0.0

    async def pace(self) -> None:
        """Wait for this attempt's turn."""
        if self._interval:
            now = asyncio.get_running_loop().time()
            start = max(self._next, now)
            self._next = start + self._interval
            await asyncio.sleep(start - now)


def _priced(reply: Reply, prices: tuple[float, float] | None) -> Reply:
    if prices is None:
        return reply  # as its backend was told, if it was
    money = prices[0] * reply.prompt_tokens + prices[1] * reply.completion_tokens
    return msgspec.structs.replace(reply, money=money)


def _cost(reply: Reply, reservation: Reservation, model: str) -> ModelAccount:
    said = reply.text or any(reply.extra.values())
    counted = reply.prompt_tokens > 0 and (reply.completion_tokens > 0 or not said)
    if counted or not reservation.tokens:
        return ModelAccount(1, reply.prompt_tokens, reply.completion_tokens, 0, reply.money)
    _note_once(
        f"{model} does not say how many tokens its replies have: each is booked as not counted, with the most that it "
        "may have had; a budget is spent sooner than it would be"
    )
    return reservation.uncounted()


_noted: set[str] = set()


def _note_once(message: str) -> None:
    if message not in _noted:
        _noted.add(message)
        logging.getLogger(__name__).warning(message)


async def _within(seconds: float, call: Coroutine[Any, Any, Reply]) -> Reply:
    try:
        return await asyncio.wait_for(call, seconds)
    except TimeoutError:
        raise Transient(f"no answer within {seconds:g} s", may_have_cost=True) from None


_loops: dict[int, asyncio.AbstractEventLoop] = {}
_starting = threading.Lock()


def _submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run on the one background loop of this process: connections and limits are shared by all threads."""
    with _starting:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="genopt-models", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(work, loop)


def _wait(future: Future[T]) -> T:
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        raise
