"""OpenEvolve's own loop, in a process of its own and one more that asks the model and evaluates."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from openevolve import run_evolution
from openevolve.config import Config, DatabaseConfig, EvaluatorConfig, LLMConfig, LLMModelConfig, PromptConfig
from openevolve.evaluation_result import EvaluationResult

from genopt_gym.agents.external.bridge import Bridge
from genopt_gym.agents.external.openevolve import MARKER, as_components, as_program, last_program

EVALUATOR = f"""from {__name__} import this_worker

def evaluate(path):
    return this_worker().evaluate(path)
"""
"""OpenEvolve wants a file."""
BLOCKS = f"""The components that can be edited are one program here, each of them between a line
`# {MARKER}-START name` and a line `# {MARKER}-END`. Leave these lines as they are. What stands between them becomes
the text of that component; what stands outside of them is lost. The fitness is the score above normalised: more is
better, 0 is the floor, 1 a good reference."""
NO_LIMIT = 1_000_000_000
"""The run has its own."""


class LoopWorker:
    """Model and evaluator of one of OpenEvolve's processes."""

    def __init__(self) -> None:
        self.model = "run"  # what OpenEvolve logs
        self._bridge = Bridge()
        self._lost = ""
        self._parents: list[dict[str, str]] | None = None
        # For resume: OpenEvolve seeds its first process alone, and draws from sets of ids, which have to come again.
        random.seed(self._bridge.start.seed)
        process, numbers = multiprocessing.current_process().name, itertools.count()
        uuid.uuid4 = lambda: uuid.uuid5(uuid.NAMESPACE_OID, f"{process} {next(numbers)}")

    async def generate_with_context(self, system_message: str, messages: list[dict[str, str]], **options: Any) -> str:
        """What OpenEvolve calls for a reply. One that it made no program of is an edit of the run like any other."""
        if self._lost:
            self._bridge.step(self._lost, self._parents)
        # The prompt ends with the program that is to be changed; nothing else here tells which one that is.
        parent = last_program(messages[-1]["content"], self._bridge.start.seen.texts)
        self._parents = None if parent is None else [parent]
        said = self._bridge.ask([{"role": "system", "content": system_message}, *messages])
        if said.truncated:
            self._lost = "The reply was cut off at max_tokens."
            return ""
        self._lost = "OpenEvolve found no new program in the reply."
        return said.text

    def evaluate(self, path: str) -> EvaluationResult:
        """Make an edit of the program in a file; the first is the starting artifact, which the run has evaluated."""
        start = self._bridge.start
        if not self._lost:
            return _result(start.seen.value, start.seen.trace, start.seen.feedback)
        self._lost = ""
        texts, outside = as_components(Path(path).read_text(encoding="utf-8"), start.seen.texts)
        if texts is None:
            seen = self._bridge.step(f"The program has not just one {MARKER} for each component.", self._parents)
            return _result(start.lowest, "", seen.feedback)
        seen = self._bridge.step(texts, self._parents)
        note = f"What stands outside of {MARKER}s was lost.\n" if outside else ""
        return _result(seen.value, seen.trace, note + seen.feedback)


def _result(value: float, trace: str, feedback: str) -> EvaluationResult:
    return EvaluationResult({"combined_score": value}, {"trace": trace, "feedback": feedback})


def this_worker() -> LoopWorker:
    return _worker(os.getpid())


@cache
def _worker(pid: int) -> LoopWorker:
    return LoopWorker()


def model(config: LLMModelConfig) -> LoopWorker:
    """What OpenEvolve gets instead of a client of its own."""
    return this_worker()


def evolve(bridge: Bridge) -> None:
    """``openevolve.run_evolution``, one evaluation at a time."""
    start, options = bridge.start, bridge.start.options
    texts = start.seen.texts
    evaluator = Path("evaluator.py")
    evaluator.write_text(EVALUATOR, encoding="utf-8")
    config = Config(
        random_seed=start.seed % 2**32,
        language="python" if any(f"def {name}" in text for name, text in texts.items()) else "text",
        diff_based_evolution=options["diffs"],
        max_code_length=NO_LIMIT,
        checkpoint_interval=NO_LIMIT,
        log_level="WARNING",
        llm=LLMConfig(models=[LLMModelConfig(name="run", init_client=model)]),
        prompt=PromptConfig(
            system_message=f"{start.context}\n\n{BLOCKS}",
            max_artifact_bytes=NO_LIMIT,
            # It would take long words out of traces.
            artifact_security_filter=False,
        ),
        database=DatabaseConfig(
            num_islands=options["islands"],
            log_prompts=False,
            artifact_size_threshold=NO_LIMIT,
            max_snapshot_artifacts=None,
        ),
        evaluator=EvaluatorConfig(timeout=NO_LIMIT, max_retries=0, cascade_evaluation=False, parallel_evaluations=1),
    )
    # One more than there are edits, since a lost reply is told of when the next is asked for.
    iterations = (start.updates or NO_LIMIT) + 1
    run_evolution(as_program(texts), evaluator, config, iterations, output_dir=".", cleanup=False)
