"""Every provider that litellm reaches. Of litellm we use the transport alone.

Its retries need a package that it does not declare, its cache raises, its budget is not enforced (1.106): these are
ours, in ``client``.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from genopt_gym.llm.backend import Backend
from genopt_gym.llm.errors import ModelError, Transient
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings

READ_ONLY = r"Item .* is using the `ReadOnly` qualifier"
SHOWN = 200
"""Characters of a provider's own words that a message repeats."""


class Providers(Backend):
    """A backend over litellm, which is imported at the first call (it takes seconds)."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, bool] = {}

    async def complete(self, request: Request, settings: Settings) -> Reply:
        litellm = self._litellm
        arguments: dict[str, Any] = dict(request.options)
        if settings.base_url is not None:
            arguments["api_base"] = settings.base_url
            if not self._has_key(request.model):
                arguments["api_key"] = "none"  # a server of one's own seldom asks for one, but litellm does
        try:
            answer = await litellm.acompletion(
                model=request.model,
                messages=request.messages,
                max_tokens=request.max_tokens,
                timeout=settings.timeout,
                max_retries=0,
                _skip_mcp_handler=True,  # else it wants a package that it does not declare, as soon as there are tools
                **arguments,
            )
        except Exception as error:
            raise _explained(error, request.model, settings) from error
        return _reply(answer)

    def prices(self, model: str) -> tuple[float, float] | None:
        facts = self._facts(model)
        prices = facts.get("input_cost_per_token"), facts.get("output_cost_per_token")
        # litellm has 0 for models that it knows and whose price it does not.
        return (float(prices[0]), float(prices[1])) if prices[0] and prices[1] else None

    def context_tokens(self, model: str) -> int | None:
        tokens = self._facts(model).get("max_input_tokens")
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
        # Of a field of its own types that pydantic finds odd, when the first reply is read.
        warnings.filterwarnings("ignore", message=READ_ONLY)
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        return litellm


def _reply(answer: Any) -> Reply:
    if not answer.choices:
        raise Transient("the server answered, but without a reply", may_have_cost=True)
    choice = answer.choices[0]
    message = choice.message.model_dump(exclude_none=True)
    message.pop("role", None)
    # Half a character (a lone surrogate) can neither be stored nor sent on.
    text = str(message.pop("content", "")).encode("utf-8", "replace").decode()
    usage = getattr(answer, "usage", None)
    return Reply(
        text=text,
        finish=str(choice.finish_reason or "stop"),
        prompt_tokens=int(getattr(usage, "prompt_tokens", 0) or 0),
        completion_tokens=int(getattr(usage, "completion_tokens", 0) or 0),
        money=None,
        extra={name: message[name] for name in ("tool_calls", "reasoning_content") if message.get(name)},
    )


def _explained(error: Exception, model: str, settings: Settings) -> Exception:
    """What an exception of litellm means to us: its class says little, what it was raised from says more."""
    if isinstance(error, ImportError):
        return ModelError(f"litellm lacks a package for {model}: {error}")
    openai = importlib.import_module("openai")
    chain = list(_causes(error))
    kinds = {type(cause).__name__ for cause in chain}
    words = _first_line(error)
    where = settings.base_url or "the provider"
    if kinds & {"InvalidURL", "UnsupportedProtocol", "InvalidUrlClientError"}:
        return ModelError(f"the base URL {settings.base_url!r} is no address: write it as http://127.0.0.1:8000/v1")
    if kinds & {"ConnectError", "ClientConnectorError", "ClientConnectorDNSError"}:
        return Transient(f"cannot connect to {where}: is the address right, and is the server running?", tries=3)
    if kinds & {"Timeout", "APITimeoutError", "ReadTimeout"}:
        return Transient(f"no answer within {settings.timeout:g} s", may_have_cost=True)
    if any(type(cause) is openai.APIConnectionError for cause in chain):
        return Transient("the connection was cut", may_have_cost=True)
    if "AuthenticationError" in kinds or any(type(cause) is openai.OpenAIError for cause in chain):
        return ModelError(_about_key(model, words))
    if "ContextWindowExceededError" in kinds:
        return ModelError(
            f"the prompt is too long for {model}: take a model with a longer context, or tell the proposer how long it "
            f"is with --agent-option context_tokens=N ({words})"
        )
    if "NotFoundError" in kinds:
        return ModelError(f"{where} knows no model {model!r}, or is no OpenAI-compatible address ({words})")
    if "RateLimitError" in kinds:
        if "insufficient_quota" in str([getattr(cause, "body", "") for cause in chain]):
            return ModelError(f"the account at {where} has no credit left for {model} ({words})")
        return Transient(f"too many requests ({words})", retry_after=_retry_after(chain))
    if "LLM Provider NOT provided" in words:
        return ModelError(
            f"no provider in the model's name {model!r}: write provider/name, such as openai/NAME, "
            "anthropic/NAME or local/smollm2"
        )
    status = int(getattr(error, "status_code", 0) or 0)
    if status >= 500:
        answered = kinds & {"HTTPStatusError", "APIStatusError"} or not kinds & {"OpenAIError"}
        return Transient(
            words if answered else f"{where} answered something that is no reply: is the address right? ({words})",
            retry_after=_retry_after(chain),
            may_have_cost=not answered,
        )
    return ModelError(f"{model} refused the request: {words}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: Exception) -> str:
    """The provider's words, without litellm's own before them."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit("Exception - ", 1)[-1].removeprefix("litellm.BadRequestError: ")[:SHOWN]


def _about_key(model: str, words: str) -> str:
    missing = importlib.import_module("litellm").validate_environment(model)["missing_keys"]
    if missing:
        return f"{model} needs a key: set {' and '.join(missing)} in the environment, or take local/smollm2"
    return f"the key for {model} was refused: {words}"


def _retry_after(chain: list[BaseException]) -> float | None:
    for cause in chain:
        headers = getattr(getattr(cause, "response", None), "headers", None) or {}
        try:
            return max(float(headers["retry-after"]), 0.0)
        except (KeyError, ValueError, TypeError):
            continue  # a date, which no provider of models sends, counts as nothing
    return None
