"""A model file's own context length is read from its first bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from genopt_gym.llm.gguf import context_length
from genopt_gym.llm.local import MOST_CONTEXT_TOKENS, UNSAID_CONTEXT_TOKENS, LocalModels, context_of


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def model_file(path: Path, *pairs: bytes) -> Path:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs))
    return path


NAME = text(b"general.name") + struct.pack("<I", 8) + text(b"a model")
WORDS = text(b"tokenizer.words") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b")
SCORES = text(b"tokenizer.scores") + struct.pack("<IIQ", 9, 6, 3) + bytes(12)


def context(tokens: int) -> bytes:
    return text(b"qwen2.context_length") + struct.pack("<II", 4, tokens)


def test_it_is_found_after_whatever_comes_before(tmp_path: Path) -> None:
    assert context_length(model_file(tmp_path / "x.gguf", NAME, WORDS, SCORES, context(32_768))) == 32_768


@pytest.mark.parametrize("data", [b"", b"GGUF", b"nothing", b"GGUF" + bytes(20), b"GGUF\x03\0\0\0" + b"\xff" * 40])
def test_a_file_that_does_not_say_has_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.gguf").write_bytes(data)
    assert context_length(tmp_path / "x.gguf") is None
    assert context_of(tmp_path / "x.gguf", None) == UNSAID_CONTEXT_TOKENS


@pytest.mark.parametrize(
    ("own", "limit", "tokens"),
    [(2048, None, 2048), (10**6, None, MOST_CONTEXT_TOKENS), (10**6, 65_536, 65_536), (4096, 65_536, 4096)],
)
def test_a_models_context_is_its_own_up_to_a_limit(tmp_path: Path, own: int, limit: int | None, tokens: int) -> None:
    path = model_file(tmp_path / "x.gguf", NAME, context(own))
    assert context_of(path, limit) == tokens
    if limit is None:
        assert LocalModels().context_tokens(f"local/{path}") == tokens
