"""What the failure of a model call means: words for people, and whether another attempt may help."""

from __future__ import annotations

import email.utils
import importlib
import math
import re
import time
from collections.abc import Iterator, Sequence

from genopt_gym.llm.errors import ModelError, ModelRefused, Transient
from genopt_gym.llm.request import EXTRA, Request
from genopt_gym.llm.settings import Settings

SHOWN = 200
"""Characters of a provider's own words that a message repeats."""
_NEVER_CONNECTED = frozenset(["ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "ConnectionTimeoutError"])
_NEVER_CONNECTED |= frozenset(["ClientProxyConnectionError", "ConnectionRefusedError", "gaierror"])


def explained(error: Exception, request: Request, settings: Settings) -> Exception:
    """What an exception of litellm means to us: its class says little, what it was raised from says more."""
    model = request.model
    if isinstance(error, ImportError):
        return ModelError(f"litellm lacks a package for {model}: {error}")
    if isinstance(error, ModelError):
        return error
    openai = importlib.import_module("openai")
    chain = list(_causes(error))
    kinds = {type(cause).__name__ for cause in chain}
    message = _first_line(error)
    where = settings.base_url or "the provider"
    if kinds & {"InvalidURL", "UnsupportedProtocol", "InvalidUrlClientError"}:
        return ModelError(f"the base URL {settings.base_url!r} is no address: write it as http://127.0.0.1:8000/v1")
    if "ClientOSError" in kinds and not any(kind.startswith("ClientConnector") for kind in kinds):
        # Of aiohttp, where a connection that stood is reset: litellm calls that a ConnectError, but the provider may
        # have read the request, and count it. Whether a cut comes as this or as the end of a stream is a matter of
        # moments.
        return Transient("the connection was cut", may_have_cost=True)
    if kinds & _NEVER_CONNECTED or any(kind.startswith("ClientConnector") for kind in kinds):
        return Transient(f"cannot connect to {where}: is the address right, and is the server running?", tries=3)
    if kinds & {"Timeout", "APITimeoutError", "ReadTimeout"}:
        return Transient(f"no answer within {settings.timeout:g} s", may_have_cost=True)
    if any(type(cause) is openai.APIConnectionError for cause in chain):
        return Transient("the connection was cut", may_have_cost=True)
    if "AuthenticationError" in kinds or any(type(cause) is openai.OpenAIError for cause in chain):
        return ModelError(_about_key(model, message))
    if "ContextWindowExceededError" in kinds:
        return ModelError(
            f"the prompt is too long for {model}: take a model with a longer context, or tell the proposer how long it "
            f"is with --agent-option context_tokens=N ({message})"
        )
    if "NotFoundError" in kinds:
        return ModelError(f"{where} knows no model {model!r}, or is no OpenAI-compatible address ({message})")
    if "RateLimitError" in kinds:
        if "insufficient_quota" in str([getattr(cause, "body", "") for cause in chain]):
            return ModelError(f"the account at {where} has no credit left for {model} ({message})")
        return Transient(f"too many requests ({message})", retry_after=_retry_after(chain))
    if "LLM Provider NOT provided" in message:
        return ModelError(no_provider(model))
    status = int(getattr(error, "status_code", 0) or 0)
    if status >= 500:
        answered = kinds & {"HTTPStatusError", "APIStatusError"} or not kinds & {"OpenAIError"}
        return Transient(
            message if answered else f"{where} answered something that is no reply: is the address right? ({message})",
            retry_after=_retry_after(chain),
            may_have_cost=not answered,
        )
    return ModelRefused(f"{model} refused the request: {message}{_about_option(request, chain)}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: Exception) -> str:
    """The provider's words, without litellm's own before them."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit("Exception - ", 1)[-1].removeprefix("litellm.BadRequestError: ")[:SHOWN]


def no_provider(model: str) -> str:
    """What is said of a model's name that no provider knows."""
    return (
        f"no provider in the model's name {model!r}: write provider/name, such as openai/NAME, anthropic/NAME or "
        "local/smollm2"
    )


def needs_key(model: str, missing: Sequence[str]) -> str:
    """What is said where a provider's key is not in the environment."""
    return f"{model} needs a key: set {' and '.join(missing)} in the environment, or take local/smollm2"


def _about_key(model: str, message: str) -> str:
    missing = importlib.import_module("litellm").validate_environment(model)["missing_keys"]
    if missing:
        return needs_key(model, missing)
    return f"the key for {model} was refused: {message}"


def _about_option(request: Request, chain: list[BaseException]) -> str:
    """Which of our options a refusal is about, and what to do."""
    said = " ".join([str(cause) for cause in chain] + [str(getattr(cause, "body", "")) for cause in chain])
    extra = request.options.get(EXTRA, {})
    for name in [*extra, *request.options, "max_completion_tokens", "max_tokens"]:
        if not re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", said):
            continue
        if name in extra:
            return f"; take {name!r} out of --agent-option extra={{...}}, or change it"
        if name.startswith("max_"):
            return "; give another limit with --agent-option max_tokens=N"
        return f"; change it with --agent-option {name}=..., or leave it out with --agent-option {name}=null"
    return ""


def _retry_after(chain: list[BaseException]) -> float | None:
    """Seconds that the provider asks to wait; None where it does not, or says what is no time."""
    for cause in chain:
        headers = getattr(getattr(cause, "response", None), "headers", None) or {}
        said = str(headers.get("retry-after", ""))
        try:
            seconds = float(said)
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(said).timestamp() - time.time()
            except (ValueError, TypeError, OverflowError):
                continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None
