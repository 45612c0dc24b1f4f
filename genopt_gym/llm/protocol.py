"""OpenAI's chat protocol, from the server's side: what the gateway reads and writes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from genopt_gym.core.checks import whole_number
from genopt_gym.llm.request import DEFAULT_MAX_TOKENS, OPTIONS, Reply, Request, is_text

IGNORED = frozenset(
    ["metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "user"]
)
"""What a reply says does not depend on them."""
READ = frozenset(["model", "messages", "max_tokens", "max_completion_tokens", "n", "stream", "stream_options"])
HARMLESS = {"logprobs": False, "top_logprobs": 0, "modalities": ["text"]}
"""Fields that may say this and nothing else."""
MAX_CHOICES = 128
PIECE = 64
"""Characters of a streamed piece."""


class Refusal(Exception):
    """A call that is answered by an error; the arguments are the fields that OpenAI's errors have."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class ChatRequest(msgspec.Struct, frozen=True):
    """A call's body: what to ask, how often, and in what form to answer.

    Attributes:
        request: for the client.
        count: choices of the answer.
        stream: whether the answer is sent in pieces.
        usage: whether the last piece says how many tokens it has.
    """

    request: Request
    count: int
    stream: bool
    usage: bool


def read_question(data: bytes, model: str | None, defaults: Mapping[str, Any] | None = None) -> ChatRequest:
    """A request's body; ``model`` goes before the one that it names, its options before ``defaults``.

    >>> body = b'{"model": "a/b", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8, "seed": 1}'
    >>> read_question(body, None).request
    Request(model='a/b', messages=[{'role': 'user', 'content': 'Hi'}], max_tokens=8, options={'seed': 1})

    Raises:
        Refusal: it cannot be read, or asks for something that cannot be given.
    """
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(400, f"the body cannot be read as JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be a JSON object with 'model' and 'messages'")
    named = body.get("model")
    if model is None and (not isinstance(named, str) or not named):
        raise Refusal(400, "'model' is missing: name one, as provider/name", param="model")
    messages, options = _messages(body.get("messages")), {**(defaults or {}), **_options(body)}
    length = "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"
    request = Request(model or str(named), messages, _whole(body, length, DEFAULT_MAX_TOKENS, 2**31 - 1), options)
    stream, more = body.get("stream") or False, body.get("stream_options") or {}
    if not isinstance(stream, bool) or not isinstance(more, dict):
        raise Refusal(400, "'stream' is true or false, 'stream_options' an object", param="stream")
    return ChatRequest(request, _whole(body, "n", 1, MAX_CHOICES), stream, more.get("include_usage") is True)


def _messages(messages: Any) -> list[Any]:
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "'messages' is missing: it is a list of at least one message", param="messages")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Refusal(400, "every message is an object with a 'role'", param="messages")
        if not is_text(message.get("content")):
            raise Refusal(400, "a message's 'content' is a text, or a list of parts that are texts", param="messages")
    return messages


def _options(body: dict[str, Any]) -> dict[str, Any]:
    options = {}
    for name, value in body.items():
        if value is None or name in READ | IGNORED or (name in HARMLESS and value == HARMLESS[name]):
            continue
        if name not in OPTIONS:
            raise Refusal(400, f"the gateway cannot pass on {name!r}: leave it out", "unsupported_parameter", name)
        options[name] = value
    tools = options.get("tools", [])
    if not isinstance(tools, list) or any(not isinstance(t, dict) or t.get("type") != "function" for t in tools):
        # A provider's own tools cost what no budget knows before.
        raise Refusal(400, "'tools' is a list, and all are of type 'function'", param="tools")
    return options


def _whole(body: dict[str, Any], name: str, default: int, most: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    try:
        return whole_number(repr(name), value, 1, most)
    except ValueError as error:
        raise Refusal(400, str(error), param=name) from None


def answer(model: str, replies: Sequence[Reply]) -> dict[str, Any]:
    """The whole answer, a choice for each reply."""
    prompt, completion = sum(r.prompt_tokens for r in replies), sum(r.completion_tokens for r in replies)
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {"index": n, "message": _message(reply), "finish_reason": reply.finish, "logprobs": None}
            for n, reply in enumerate(replies)
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def _message(reply: Reply) -> dict[str, Any]:
    text = None if not reply.text and reply.extra else reply.text
    return {"role": "assistant", "content": text} | reply.extra


def pieces(whole: dict[str, Any], *, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer."""
    head = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    if usage:
        head["usage"] = None
    for choice in whole["choices"]:
        text = choice["message"]["content"] or ""
        first = choice["message"] | {"content": ""}
        if "tool_calls" in first:
            first["tool_calls"] = [call | {"index": n} for n, call in enumerate(first["tool_calls"])]
        texts = [{"content": text[start : start + PIECE]} for start in range(0, len(text), PIECE)]
        for delta in [first, *texts, {}]:
            finish = None if delta else choice["finish_reason"]
            piece = {"index": choice["index"], "delta": delta, "finish_reason": finish, "logprobs": None}
            yield head | {"choices": [piece]}
    if usage:
        yield head | {"choices": [], "usage": whole["usage"]}
