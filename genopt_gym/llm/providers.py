"""Every provider that litellm reaches. Of litellm we use the transport alone.

Its retries need a package that it does not declare, its cache raises, its budget is not enforced (1.106): these are
ours, in ``client``.
"""

from __future__ import annotations

import importlib
import os
import re
import warnings
from functools import cached_property
from typing import Any

from genopt_gym.llm.backend import Backend
from genopt_gym.llm.errors import ModelError, Transient
from genopt_gym.llm.failures import explained, needs_key, no_provider
from genopt_gym.llm.request import EXTRA, THOUGHT, Reply, Request
from genopt_gym.llm.settings import Settings

READ_ONLY = r"Item .* is using the `ReadOnly` qualifier"
CONNECTING = 0.5
"""Part of a call's time in which the connection has to be made."""


class Providers(Backend):
    """A backend over litellm, which is imported at the first call (it takes seconds)."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, bool] = {}
        self._limits: dict[tuple[str, str | None], str] = {}
        """How models (at an address) call the most tokens of a reply, where they have refused the usual name."""

    async def complete(self, request: Request, settings: Settings) -> Reply:
        key = (request.model, settings.base_url)
        while True:
            limit = self._limits.get(key, "max_tokens")
            try:
                return await self._attempt(request, settings, limit)
            except Transient:
                raise
            except Exception as error:
                other = _other_limit(error, limit)
                if other is None or key in self._limits:
                    raise explained(error, request, settings) from error
                self._limits[key] = other  # nothing was run, so nothing was paid for

    async def _attempt(self, request: Request, settings: Settings, limit: str) -> Reply:
        arguments = self._arguments(request, settings)
        if settings.base_url is not None:
            arguments["api_base"] = settings.base_url
            if not self._has_key(request.model):
                arguments["api_key"] = "none"  # a server of one's own seldom asks for one, but litellm does
        arguments[limit] = request.max_tokens
        httpx = importlib.import_module("httpx")
        answer = await self._litellm.acompletion(
            model=request.model,
            messages=request.messages,
            # A connection that takes so long is never made, and that is another thing than an answer that never comes.
            timeout=httpx.Timeout(settings.timeout, connect=settings.timeout * CONNECTING),
            max_retries=0,
            _skip_mcp_handler=True,  # else it wants a package that it does not declare, as soon as there are tools
            **arguments,
        )
        return read_reply(answer)

    def _arguments(self, request: Request, settings: Settings) -> dict[str, Any]:
        """The options as litellm takes them."""
        options = dict(request.options)
        extra = dict(options.pop(EXTRA, {}))
        provider = request.model.partition("/")[0]
        if settings.base_url is None and provider not in {
            "openai",
            "azure",
            *self._litellm.openai_compatible_providers,
        }:
            # Each of these has a protocol of its own, and litellm puts there what it does not know.
            control = importlib.import_module("litellm.types.utils").all_litellm_params
            if refused := extra.keys() & set(control):
                raise ModelError(
                    f"{min(refused)!r} cannot be passed on to {request.model}: litellm takes it for its own"
                )
            return options | extra
        for name in THOUGHT & options.keys() if settings.base_url is not None else ():
            extra[name] = options.pop(name)  # which model answers at that address, litellm cannot know
        return options | ({EXTRA: extra} if extra else {})

    def problem(self, model: str, base_url: str | None = None) -> str:
        try:
            self._litellm.get_llm_provider(model)
        except ModelError:
            raise
        except Exception:  # litellm's own, of several kinds
            return no_provider(model)
        if base_url is not None:
            return ""
        missing = self._litellm.validate_environment(model)["missing_keys"]
        return needs_key(model, missing) if missing else ""

    def prices(self, model: str) -> tuple[float, float] | None:
        facts = self._facts(model)
        prices = facts.get("input_cost_per_token"), facts.get("output_cost_per_token")
        # litellm has 0 for models that it knows and whose price it does not.
        return (float(prices[0]), float(prices[1])) if prices[0] and prices[1] else None

    def context_tokens(self, model: str) -> int | None:
        tokens = self._facts(model).get("max_input_tokens")
        return None if tokens is None else int(tokens)

    def reply_tokens(self, model: str) -> int | None:
        tokens = self._facts(model).get("max_output_tokens")
        return None if tokens is None else int(tokens)

    def _facts(self, model: str) -> dict[str, Any]:
        """What litellm knows of a model; asked once, for it takes its time where that is nothing."""
        if model not in self._known:
            try:
                facts = dict(self._litellm.get_model_info(model))
            except Exception:  # of several kinds, for a model that it has no facts about
                facts = {}
                provider, slash, _ = model.partition("/")
                if slash:
                    # Else it would look for a price with every reply, and take a millisecond to find none.
                    self._litellm.register_model({model: {"litellm_provider": provider, "mode": "chat"}})
            self._known[model] = facts
        return self._known[model]

    def _has_key(self, model: str) -> bool:
        if model not in self._keys:
            self._keys[model] = bool(self._litellm.validate_environment(model)["keys_in_environment"])
        return self._keys[model]

    @cached_property
    def _litellm(self) -> Any:
        # Without this its import asks a server for a price list.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        try:
            litellm: Any = importlib.import_module("litellm")
        except ImportError:
            raise ModelError("models of providers need litellm: pip install 'genopt-gym[llm]'") from None
        for late in ("openai.resources.chat.completions", "litellm._service_logger"):
            importlib.import_module(late)  # takes a second, which is not to be of the first attempt's time
        # Of a field of its own types that pydantic finds odd, when the first reply is read.
        warnings.filterwarnings("ignore", message=READ_ONLY)
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        return litellm


def _other_limit(error: Exception, limit: str) -> str | None:
    """How else the limit may be called, if the server does not know it under this name."""
    if getattr(error, "status_code", None) not in (400, 422):
        return None
    message = str(error)
    if limit == "max_tokens":
        return "max_completion_tokens" if "max_completion_tokens" in message else None
    return "max_tokens" if re.search("unsupported|unknown|unrecognized|extra|not permitted", message, re.I) else None


def read_reply(answer: Any) -> Reply:
    """What litellm gives back, as ours."""
    if not answer.choices:
        raise Transient("the server answered, but without a reply", may_have_cost=True)
    choice = answer.choices[0]
    message = choice.message.model_dump(exclude_none=True)
    beside = message.get("provider_specific_fields") or {}
    extra = {name: message.get(name) or beside.get(name) for name in ("tool_calls", "reasoning_content", "refusal")}
    prompt, completion = (
        _count(getattr(answer, "usage", None), name) for name in ("prompt_tokens", "completion_tokens")
    )
    if prompt is None or completion is None:
        prompt = completion = 0  # not counted
    return Reply(
        # Half a character (a lone surrogate) can neither be stored nor sent on.
        text=str(message.get("content", "")).encode("utf-8", "replace").decode(),
        finish=str(choice.finish_reason or "stop"),
        prompt_tokens=prompt,
        completion_tokens=completion,
        money=None,
        extra={name: value for name, value in extra.items() if value},
    )


def _count(usage: Any, name: str) -> int | None:
    """A number of tokens; None if it is none."""
    count = getattr(usage, name, None)
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
