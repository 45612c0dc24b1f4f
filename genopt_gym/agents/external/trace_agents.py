"""Trace (Cheng et al. 2024, arXiv 2406.16218) as agents: its optimizers OptoPrime and OPRO."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import msgspec

from genopt_gym.agents.base import Problem
from genopt_gym.agents.external import need
from genopt_gym.agents.model_agent import Messages, ModelAgent
from genopt_gym.core.edit import UnusableReply
from genopt_gym.llm import Reply

GRAPH = "genopt_gym.agents.external.trace_graph"
OPTIMIZERS = "genopt_gym.agents.external.trace_optimizers"
MODELS = "opto.utils.llm"


@dataclass(kw_only=True, eq=False)
class TraceOptoPrime(ModelAgent):
    """OptoPrime: the model reads the graph of what was executed, with the feedback at its end."""

    name: ClassVar[str] = "trace-optoprime"
    optimizer: ClassVar[str] = "OptoPrime"

    def __post_init__(self) -> None:
        need("trace", self.name)
        super().__post_init__()

    def fixed_prompt(self) -> str:
        kind = getattr(load(OPTIMIZERS), self.optimizer)
        return str(kind.representation_prompt + kind.output_format_prompt)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        if problem.trial_evaluator is None:
            raise ValueError(f"{self.name} needs to know the workflow: its Problem needs an trial_evaluator")
        self._trial_evaluator = problem.trial_evaluator
        self._trials, self._texts = self._trial_evaluator.last_trials(), observation["artifact"]
        self._optimizer: Any = None

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        graph = load(GRAPH).Graph(
            self._trial_evaluator.program,
            self._texts,
            self.problem.action_space.texts,
            self._trials,
            self._trial_evaluator.view,
            self._trial_evaluator.max_trace_chars,
        )
        parameters = list(graph.parameters.values())
        optimizer = self._optimizer = self._optimizer or self._begin(parameters, observation["context"])
        optimizer.parameters = parameters
        optimizer.zero_feedback()
        optimizer.backward(graph.output, observation["feedback"])
        found = optimizer.propose()
        self._edit: dict[str, str] = {}
        if self._reply.truncated:
            return UnusableReply(f"The reply was cut off after {self.reply_tokens} tokens.")
        if not found and "TERMINATE" not in self._reply.text:
            names = ", ".join(parameter.py_name for parameter in parameters)
            return UnusableReply(f"The reply suggests no text for any of the variables {names}.")
        if found:
            self._edit = {name: found.get(node, node.data) for name, node in graph.parameters.items()}
        return self._edit

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        # A refused edit is still what the evidence is about.
        self._trials = info["trials"]
        self._texts = observation["artifact"] | ({} if info["accepted"] else self._edit)

    def _begin(self, parameters: list[Any], context: str) -> Any:
        kind = getattr(load(OPTIMIZERS), self.optimizer)
        model = load(MODELS).AbstractModel(lambda: self._complete)
        objective = f"{context}\n\n{kind.default_objective}"
        return kind(parameters, model, objective=objective, log=False, max_chars=self._trial_evaluator.max_trace_chars)

    def _complete(self, messages: Messages, max_tokens: int, response_format: Any = None) -> Any:
        """Trace's model. It is asked for JSON first, and where that fails once more without."""
        request = self.request(messages)
        if response_format is not None:
            request = msgspec.structs.replace(request, options={**request.options, "response_format": response_format})
        self._reply: Reply = self.client.complete(request)
        return SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content=self._reply.text))])


@dataclass(kw_only=True, eq=False)
class TraceOpro(TraceOptoPrime):
    """OPRO as Trace has it: the model reads what was tried, each with its feedback; no trace."""

    name: ClassVar[str] = "trace-opro"
    optimizer: ClassVar[str] = "OproOptimizer"


@cache
def load(module: str) -> ModuleType:
    """Import a module that imports Trace. Trace imports litellm, which takes seconds, and tells so on stdout."""
    # Else litellm asks a server for a price list.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with contextlib.redirect_stdout(io.StringIO()), _stack_without_source():
        return importlib.import_module(module)


@contextlib.contextmanager
def _stack_without_source() -> Iterator[None]:
    """While it is imported Trace looks at the stack 83 times, for a frame each. The usual look also searches for every
    frame's file among all modules that there are: twenty seconds in a process that has loaded much."""
    stack = inspect.stack
    inspect.stack = _frames
    try:
        yield
    finally:
        inspect.stack = stack


def _frames(context: int = 1) -> list[inspect.FrameInfo]:
    """The caller's frames, the innermost first, without their source."""
    frame, found = inspect.currentframe(), []
    while frame is not None and (frame := frame.f_back) is not None:
        found.append(
            inspect.FrameInfo(frame, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None)
        )
    return found
