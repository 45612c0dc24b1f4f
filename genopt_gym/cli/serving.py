"""``genopt gateway``: other libraries' model calls, under one budget."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from genopt_gym.cli.arguments import GatewayArguments
from genopt_gym.cli.tables import print_table
from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import Budget, Ledger, ModelAccount
from genopt_gym.llm import Client, Replies, Settings
from genopt_gym.llm.replies import Mode

BUDGETS = ("tokens", "money")


def serve(arguments: GatewayArguments) -> None:
    """Serve until Ctrl-C or SIGTERM, then print what the calls have cost."""
    from genopt_gym.llm.gateway import Gateway

    budget = Budget(_limits(arguments.budget or []), Ledger())
    replies = _replies(arguments.record, arguments.replay)
    try:
        client = Client(budget, replies, Settings(base_url=arguments.base_url))
        if "money" in budget.limits and client.backend(arguments.model).prices(arguments.model) is None:
            raise UserError(f"the price of {arguments.model} is not known: give --budget tokens=N instead of money")
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        with Gateway(client, arguments.model, arguments.role, arguments.port) as gateway:
            print(f"{arguments.model} at {gateway.base_url} with key {gateway.key}\n")
            print(f"export OPENAI_BASE_URL={gateway.base_url}\nexport OPENAI_API_KEY={gateway.key}\n", flush=True)
            print("genopt: Ctrl-C ends it", file=sys.stderr)
            ended.wait()
    finally:
        if replies is not None:
            replies.close()
    _show(budget.ledger)


def _limits(words: Sequence[str]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            limits[name] = int(value) if name == "tokens" else float(value)
            if name not in BUDGETS:
                raise ValueError
            Budget({name: limits[name]}, Ledger())
        except ValueError:
            raise UserError(
                f"--budget takes tokens=N or money=DOLLARS, numbers above 0 such as tokens=100000, got {word!r}"
            ) from None
    return limits


def _replies(record: Path | None, replay: Path | None) -> Replies | None:
    if record is not None and replay is not None:
        raise UserError("--record asks models and --replay never does: give one of the two")
    path = replay if record is None else record
    mode: Mode = "replay" if record is None else "record"
    if path is None:
        return None
    try:
        return Replies(path, mode)
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from None


def _show(ledger: Ledger) -> None:
    if not ledger.models:
        print("no model was asked")
        return
    heads = ["role", "calls", "prompt tokens", "completion tokens", "lost tokens", "money"]
    rows = [[role, *_cells(account)] for role, account in ledger.models.items()]
    print_table(Console(), heads, rows, numbers_from=1)


def _cells(account: ModelAccount) -> list[str]:
    counts = (account.calls, account.prompt_tokens, account.completion_tokens, account.lost_tokens)
    return [*map(str, counts), "unknown" if account.money is None else f"${account.money:.4f}"]
