"""One prompt task in GEPA's ``optimize_anything`` and here with agent ``gepa``: same scripted model, same data.

Prints lines of user code, evaluations (questions that the prompt was put to the model for) and tokens. Run it from the
root of the repository: ``python -m benchmarks.gepa_side_by_side``.
"""

from __future__ import annotations

import inspect
import json
import re
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import genopt_gym
from genopt_gym.runs.run import Run
from tests.helpers.model_server import Answer, ModelServer, count_tokens, prompt_tokens_of
from tests.helpers.own import EXAMPLES, adder

SEED = "What is {question}?"
BETTER = "Think step by step: {question}"
CUT = (15, 22)
"""Where validation begins, and test."""


def model(body: dict[str, Any], number: int) -> Answer:
    """Answers sums; whatever is longer asks for a better prompt."""
    text = str(body["messages"][-1]["content"])
    return Answer(f"```\n{BETTER}\n```") if len(text) > 200 else adder(body, number)


def ask(url: str, prompt: str) -> str:
    """One call of the scripted model; what a user of GEPA would do by litellm, and is not counted as their code."""
    body = json.dumps({"model": "x", "messages": [{"role": "user", "content": prompt}]}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return str(json.load(reply)["choices"][0]["message"]["content"])


def with_gepa(url: str) -> str:
    """As GEPA's own documentation has it: an evaluator, a dataset, a valset, a budget of evaluations."""
    from gepa.optimize_anything import EngineConfig, GEPAConfig, ReflectionConfig, optimize_anything

    def evaluate(candidate: Any, example: Any) -> tuple[float, dict[str, str]]:
        answer = ask(url, candidate["prompt"].replace("{question}", example["question"]))
        numbers = re.findall(r"-?\d+(?:\.\d+)?", answer)
        right = bool(numbers) and float(numbers[-1]) == float(example["answer"])
        return float(right), {"Answer": answer, "Expected": example["answer"]}

    config = GEPAConfig(
        engine=EngineConfig(seed=0, max_metric_calls=60, parallel=False),
        reflection=ReflectionConfig(reflection_lm=lambda prompt: ask(url, str(prompt)), reflection_minibatch_size=3),
    )
    result = optimize_anything(
        seed_candidate={"prompt": SEED},
        evaluator=evaluate,
        dataset=EXAMPLES[: CUT[0]],
        valset=EXAMPLES[CUT[0] : CUT[1]],
        objective="Write a prompt with which a model gets sums right.",
        config=config,
    )
    return str(result.best_candidate["prompt"])  # type: ignore[index]


def here(url: str, agent: str, folder: Path) -> Run:
    """The same as a task of one's own."""
    env = genopt_gym.wrap(
        "numeric",
        data=EXAMPLES,
        texts={"prompt": SEED},
        model="openai/x",
        base_url=url,
        goal="Write a prompt with which a model gets sums right.",
        batch_size=3,
        feedback=["score", "own", "answer"],
        train_size=CUT[0],
        validation_size=CUT[1] - CUT[0],
        test_size=30 - CUT[1],
    )
    return genopt_gym.run(env, agent, edits=3, agent_options={"model": "openai/y", "base_url": url}, out=folder)


def lines_of(function: Callable[..., Any]) -> int:
    """Lines of a function that hold code, its signature and docstring left out."""
    lines = [line.strip() for line in inspect.getsource(function).splitlines()[2:]]
    return len([line for line in lines if line])


def counted(server: ModelServer) -> tuple[int, int, int, int]:
    """Evaluations and their prompt tokens, proposals and theirs."""
    longs = [len(str(body["messages"][-1]["content"])) > 200 for body in server.bodies]
    tokens = [prompt_tokens_of(body) + count_tokens(model(body, 0).text) for body in server.bodies]
    short = sum(number for number, long in zip(tokens, longs, strict=True) if not long)
    return longs.count(False), short, longs.count(True), sum(tokens) - short


def main() -> None:
    """Print the table."""
    rows = []
    with ModelServer(model) as server:
        best = with_gepa(server.base_url)
        rows.append(("optimize_anything", lines_of(with_gepa), *counted(server), best))
    for agent in ("gepa", "gepa-anything"):
        with ModelServer(model) as server, tempfile.TemporaryDirectory() as folder:
            run = here(server.base_url, agent, Path(folder) / "run")
            rows.append((f"here, agent {agent}", lines_of(here), *counted(server), run.best.artifact.texts["prompt"]))
            print(f"{agent}: test {run.start.test:.2f} -> {run.best.test:.2f}, {len(run.steps) - 1} edits")
    heads = ("", "lines", "evaluations", "their tokens", "proposals", "their tokens", "best prompt")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
