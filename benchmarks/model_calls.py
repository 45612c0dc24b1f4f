"""Model calls at high concurrency, over a bare asyncio httpx client in the same run.

First through the client alone: litellm, the budget, the books and the record on disk; the bare client posts and
decodes. Then by 175 trials of a workflow that asks a model, each waiting in a confined process of its own. The server
answers after a fixed delay, in a process of its own.

    python benchmarks/model_calls.py [--calls 64] [--trials 175] [--concurrency 32] [--delay 0.2] [--pairs 7]
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

from genopt_gym.core.ledger import Budget, Ledger
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.llm import Client, Replies, Request, Settings

SERVER = """
import asyncio, sys
from aiohttp import web
async def chat(request):
    await request.read()
    await asyncio.sleep(float(sys.argv[1]))
    message = {"role": "assistant", "content": "forty-two"}
    return web.json_response({"id": "x", "object": "chat.completion", "created": 1, "model": "test",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42}})
async def main():
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
QUESTION = [{"role": "user", "content": "What is six times seven? Answer in words. " * 10}]


def bare(url: str, calls: int, concurrency: int) -> float:
    async def ask() -> float:
        limits = httpx.Limits(max_connections=concurrency)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:

            async def one() -> str:
                body = {"model": "test", "messages": QUESTION, "max_tokens": 100}
                answer = await client.post(f"{url}/chat/completions", json=body)
                return str(answer.json()["choices"][0]["message"]["content"])

            started = time.perf_counter()
            await asyncio.gather(*(one() for _ in range(calls)))
            return time.perf_counter() - started

    return asyncio.run(ask())


def ours(client: Client, calls: int) -> float:
    started = time.perf_counter()
    replies = client.complete_all([Request("openai/test", QUESTION, 100)] * calls, role="workflow")
    seconds = time.perf_counter() - started
    assert len(replies) == calls
    return seconds


def trials(evaluator: Evaluator) -> float:
    artifact = evaluator.task.starting_artifact("workflow/naive")
    started = time.perf_counter()
    evaluation = evaluator.evaluate(artifact, "test")
    seconds = time.perf_counter() - started
    assert evaluation.failure is None, evaluation.failure
    return seconds


def show(what: str, pairs: list[tuple[float, float]]) -> None:
    ratios = [a / b for a, b in pairs]
    bare_seconds, our_seconds = median(a for a, _ in pairs), median(b for _, b in pairs)
    print(f"{what}: bare httpx {bare_seconds:.3f} s, ours {our_seconds:.3f} s")
    print(f"  bare over ours {median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=64)
    parser.add_argument("--trials", type=int, default=175)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    with (
        subprocess.Popen([sys.executable, "-c", SERVER, str(arguments.delay)], stdout=subprocess.PIPE) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        settings = Settings(base_url=url, concurrency=arguments.calls)
        client = Client(Budget({"tokens": 10**9}, Ledger()), Replies(Path(folder) / "replies.jsonl"), settings)
        ours(client, arguments.calls)  # imports litellm, opens connections
        print(f"the server takes {arguments.delay:g} s; medians of {arguments.pairs} alternated pairs")
        calls, n, most = arguments.calls, arguments.trials, arguments.concurrency
        rounds = range(arguments.pairs)
        show(f"{calls} calls at once", [(bare(url, calls, calls), ours(client, calls)) for _ in rounds])
        facts = {"model": "openai/test", "base_url": url, "concurrency": most, "test_size": n}
        evaluator = Evaluator(TaskSpec("genopt_gym.envs.reasoning:LegCounting", facts), splits=("test",))
        trials(evaluator)  # starts workers, makes the questions up
        show(f"{n} trials, {most} at once", [(bare(url, n, most), trials(evaluator)) for _ in rounds])
        server.kill()


if __name__ == "__main__":
    main()
