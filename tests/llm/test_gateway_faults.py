"""A gateway whose model fails, whose budget is spent, or that closes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import Budget, Ledger, ModelAccount
from genopt_gym.llm import Client, Replies, Settings
from genopt_gym.llm.gateway import Gateway
from tests.helpers.gateway import HI, Sdk, post, serving
from tests.helpers.model_server import Answer, Fault, ModelServer


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


def test_a_port_in_use_is_named() -> None:
    with serving() as served:
        port = int(served.gateway.base_url.split(":")[2].removesuffix("/v1"))
        words = f"cannot serve on port {port} .it is in use."
        with pytest.raises(UserError, match=words), Gateway(Client(), port=port):
            pass


def wait_for(server: ModelServer, calls: int) -> None:
    for _ in range(1000):
        if server.calls >= calls:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{server.calls} calls came, not {calls}")
