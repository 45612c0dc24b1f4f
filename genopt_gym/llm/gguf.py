"""What a GGUF file says of its model, read from its first bytes: no package is needed for that."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"GGUF"
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_UNSIGNED_32, _STRING, _ARRAY, _UNSIGNED_64 = 4, 8, 9, 10
_MOST_KEYS = 10_000
_LONGEST = 2**28  # bytes of one value


def context_length(path: Path) -> int | None:
    """How many tokens of context the model was trained on; None if the file does not say, or is no such file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != _MAGIC or _number(file, "I") < 2:
                return None
            _number(file, "Q")  # of tensors
            for _ in range(min(_number(file, "Q"), _MOST_KEYS)):
                key, kind = _string(file), _number(file, "I")
                if key.endswith(b".context_length") and kind in (_UNSIGNED_32, _UNSIGNED_64):
                    return _number(file, _FORMATS[kind])
                _skip(file, kind)
    except (OSError, struct.error, KeyError, ValueError):
        return None
    return None


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _string(file)
    elif kind == _ARRAY:
        inner, count = _number(file, "I"), _number(file, "Q")
        if inner in _FORMATS:
            file.seek(min(struct.calcsize(_FORMATS[inner]) * count, _LONGEST), 1)
        else:
            for _ in range(count):
                _skip(file, inner)
    else:
        file.seek(struct.calcsize(_FORMATS[kind]), 1)


def _string(file: BinaryIO) -> bytes:
    length = _number(file, "Q")
    if length > _LONGEST:
        raise ValueError("no string is so long")
    data = file.read(length)
    if len(data) < length:
        raise ValueError("the file ends too soon")
    return data


def _number(file: BinaryIO, form: str) -> int:
    size = struct.calcsize(form)
    [value] = struct.unpack(f"<{form}", file.read(size))
    return int(value)
