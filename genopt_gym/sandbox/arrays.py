"""Arrays and data frames as typed messages: numbers as (dtype, shape, bytes), texts as codes into a table of them.

A frame is its columns, in order; rows are numbered anew from 0, so that no index crosses. Whoever reads believes
nothing: kinds and dtypes come from a fixed list, sizes must fit to the byte, codes must lie within their table.
Nothing is ever unpickled. NumPy and pandas are imported when the first array or frame comes along, not before.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from genopt_gym.core.evidence import Call
from genopt_gym.sandbox.capture import plain
from genopt_gym.sandbox.messages import Answer, Fault, refuse_extension

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

ARRAY, FRAME = 1, 2
"""Codes of the two msgpack extension types."""
MAX_BYTES = 1 << 31
"""What an array may take."""
MAX_DIMENSIONS = 8
CODE = "<i4"

Dtype = Literal["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8"]
SIZES: dict[str, int] = {
    "|b1": 1,
    "|i1": 1,
    "<i2": 2,
    "<i4": 4,
    "<i8": 8,
    "|u1": 1,
    "<u2": 2,
    "<u4": 4,
    "<u8": 8,
    "<f4": 4,
    "<f8": 8,
}
"""Every dtype that may cross, with its bytes."""


class Array(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An array as it crosses, in C order."""

    dtype: Dtype
    shape: Annotated[list[Annotated[int, Meta(ge=0, lt=MAX_BYTES)]], Meta(max_length=MAX_DIMENSIONS)]
    data: bytes


class Numbers(msgspec.Struct, frozen=True, array_like=True, tag="numbers", forbid_unknown_fields=True):
    """A column of numbers or truth values; missing ones are NaN, where the dtype has it."""

    name: str
    dtype: Dtype
    data: bytes


class Codes(msgspec.Struct, frozen=True, array_like=True, tag="codes", forbid_unknown_fields=True):
    """A column of texts, categories, or truth values some of which are missing: -1 is missing."""

    name: str
    kind: Literal["text", "category", "flag"]
    table: list[str]
    """What the codes stand for; empty for flags, whose codes are 0 and 1."""
    data: bytes
    """Of dtype ``CODE``."""


class Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A data frame as it crosses."""

    rows: Annotated[int, Meta(ge=0, lt=MAX_BYTES)]
    columns: list[Numbers | Codes]


_encode = msgspec.msgpack.Encoder().encode
_decode_array = msgspec.msgpack.Decoder(Array).decode
_decode_frame = msgspec.msgpack.Decoder(Frame).decode


class Packed:
    """An array or frame that was packed once, to be sent many times."""

    __slots__ = ("ext",)

    def __init__(self, value: Any) -> None:
        packed = pack(value)
        if packed is None:
            raise TypeError(f"a {type(value).__name__} is neither an array nor a frame")
        self.ext = packed


def pack(value: Any) -> msgspec.msgpack.Ext | None:
    """An array, series or frame as an extension; None for anything else.

    Raises:
        TypeError: it holds what may not cross; the message says what may.
    """
    if isinstance(value, Packed):
        return value.ext
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return msgspec.msgpack.Ext(FRAME, _encode(_frame(value)))
    if pandas is not None and isinstance(value, pandas.Series | pandas.Index):
        value = value.to_numpy()
    if numpy is not None and isinstance(value, numpy.ndarray):
        return msgspec.msgpack.Ext(ARRAY, _encode(_array(value)))
    return None


def unpack(code: int, data: memoryview) -> Any:
    """What an extension holds, as a writable array, or as a pandas frame with rows numbered from 0.

    Raises:
        msgspec.ValidationError: it is no well-formed array or frame.
    """
    try:
        if code == ARRAY:
            array = _decode_array(data)
            return _numbers(array.dtype, array.shape, array.data)
        if code == FRAME:
            return _read_frame(_decode_frame(data))
    except (TypeError, ValueError, OverflowError, ImportError) as error:  # pandas may not be installed
        raise msgspec.ValidationError(f"it holds an array or frame that cannot be read: {error}") from None
    raise msgspec.ValidationError(f"it holds an extension type ({code})")


class RawAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An ``Answer`` whose result is not read yet: arrays may stand there, but not in its calls."""

    result: msgspec.Raw
    problem: Fault | None
    calls: list[Call]


_read_raw_answers = msgspec.msgpack.Decoder(list[RawAnswer], ext_hook=refuse_extension).decode
_read_result = msgspec.msgpack.Decoder(ext_hook=unpack).decode


def read_answers(message: memoryview) -> list[Answer]:
    """As ``messages.read_answers``, for a child that was sent arrays and may answer with some."""
    return [Answer(_read_result(raw.result), raw.problem, raw.calls) for raw in _read_raw_answers(message)]


class Receiver:
    """In the child: reads requests, and packs answers as whoever asked can read them."""

    def __init__(self) -> None:
        self.takes_arrays = False
        """Whether an array has come: then arrays may go back, and else they are lists."""
        self.decode = msgspec.msgpack.Decoder(tuple[list[int], list[list[Any]]], ext_hook=self._unpack).decode

    def _unpack(self, code: int, data: memoryview) -> Any:
        self.takes_arrays = True
        return unpack(code, data)

    def plain(self, value: Any) -> Any:
        """What may be sent for a value that is no plain data; TypeError if nothing may."""
        if self.takes_arrays:
            try:
                packed = pack(value)
            except TypeError:
                if not hasattr(value, "tolist"):
                    raise
                return value.tolist()  # of objects: plain data, perhaps
            if packed is not None:
                return packed
        return plain(value)


class Sender:
    """Encodes messages in which arrays and frames may stand; remembers whether any did."""

    def __init__(self) -> None:
        self.has_sent_arrays = False
        self.encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder(enc_hook=self._pack).encode

    def _pack(self, value: Any) -> Any:
        packed = pack(value)
        if packed is None:
            raise TypeError(f"a {type(value).__name__} cannot be sent")
        self.has_sent_arrays = True
        return packed


# --- writing


def _array(array: NDArray[Any]) -> Array:
    return Array(_known(array.dtype), list(array.shape), _bytes(array))


def _known(dtype: np.dtype[Any]) -> Any:
    name = dtype.newbyteorder("<").str
    if name not in SIZES:
        allowed = "bool, int8 to int64, uint8 to uint64, float32 and float64"
        raise TypeError(f"an array of dtype {dtype} cannot be sent; {allowed} can")
    return name


def _bytes(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _frame(frame: pd.DataFrame) -> Frame:
    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise TypeError("only a frame whose columns have texts as names, each another, can be sent")
    return Frame(len(frame), [_column(name, frame[name]) for name in names])


def _column(name: str, column: pd.Series[Any]) -> Numbers | Codes:
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.cat.categories.tolist()
        if all(type(value) is str for value in categories):
            return Codes(name, "category", categories, column.cat.codes.to_numpy().astype(CODE).tobytes())
        column = column.astype(column.cat.categories.dtype)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind != "O":
        values = column.to_numpy()
        return Numbers(name, _known(values.dtype), _bytes(values))
    codes, table = pd.factorize(column)
    kinds = {type(value) for value in table}
    if kinds <= {bool, np.bool_} and len(table):
        truth = np.array([*table, -1], np.dtype(CODE))  # the last is what code -1 picks
        return Codes(name, "flag", [], truth[codes].astype(CODE).tobytes())
    if kinds <= {str}:
        return Codes(name, "text", [str(value) for value in table], codes.astype(CODE).tobytes())
    raise TypeError(f"column {name!r} ({column.dtype}) cannot be sent: it holds more than texts or truth values")


# --- reading


def _numbers(dtype: str, shape: list[int], data: bytes) -> NDArray[Any]:
    import numpy as np

    # The product is Python's: it does not overflow. Zeros count as ones, for NumPy's own limit on empty arrays.
    if math.prod(max(length, 1) for length in shape) * SIZES[dtype] > MAX_BYTES:
        raise msgspec.ValidationError(f"it holds an array of shape {shape}, which is too large")
    size = math.prod(shape) * SIZES[dtype]
    if size != len(data):
        raise msgspec.ValidationError(f"it holds an array of {size:,} bytes in {len(data):,}")
    array = np.frombuffer(data, np.dtype(dtype)).reshape(shape).copy()
    if dtype == "|b1" and array.size and int(array.view(np.uint8).max()) > 1:
        raise msgspec.ValidationError("it holds truth values that are neither true nor false")
    return array


def _read_frame(frame: Frame) -> pd.DataFrame:
    import pandas as pd

    names = [column.name for column in frame.columns]
    if len(set(names)) != len(names):
        raise msgspec.ValidationError("it holds a frame with two columns of one name")
    columns = {column.name: _read_column(column, frame.rows) for column in frame.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(frame.rows), copy=False)


def _read_column(column: Numbers | Codes, rows: int) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(column, Numbers):
        return _numbers(column.dtype, [rows], column.data)
    codes = _numbers(CODE, [rows], column.data)
    known = 2 if column.kind == "flag" else len(column.table)
    if rows and (int(codes.min()) < -1 or int(codes.max()) >= known):
        raise msgspec.ValidationError(f"it holds codes that are not in the table of column {column.name!r:.100}")
    if column.kind == "category":  # refuses a table with the same text twice
        return pd.Categorical.from_codes(codes, column.table)
    table = np.empty(known + 1, dtype=object)
    table[:known] = [False, True] if column.kind == "flag" else column.table
    table[known] = None if column.kind == "text" else np.nan
    values = table[codes]  # -1 picks the last
    return pd.Series(values) if column.kind == "flag" else _texts(values)


def _texts(values: NDArray[Any]) -> Any:
    """A column of texts as pandas itself would read it from a file."""
    import pandas as pd

    if int(pd.__version__.partition(".")[0]) >= 3:
        return pd.array(values, dtype="str")
    return pd.Series(values, dtype=object).where(lambda column: column.notna(), float("nan"))
