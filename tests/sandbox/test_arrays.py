"""Arrays and frames that cross the line: what is sent arrives; what is forged is refused in words."""

from __future__ import annotations

import pickle
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from genopt_gym.sandbox import arrays
from genopt_gym.sandbox.arrays import ARRAY, FRAME, MAX_BYTES, SIZES, Packed, Receiver, Sender, pack, unpack

encode = msgspec.msgpack.encode
needs_pandas = pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed (extra ml)")

DTYPES = st.sampled_from([np.dtype(name) for name in SIZES])
SHAPES = st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


def there_and_back(value: Any) -> Any:
    packed = pack(value)
    assert packed is not None
    return unpack(packed.code, memoryview(packed.data))


def refused(code: int, content: Any) -> str:
    with pytest.raises(msgspec.MsgspecError) as caught:
        unpack(code, memoryview(encode(content)))
    return str(caught.value)


# --- what is sent arrives


@settings(deadline=None)
@given(DTYPES.flatmap(lambda dtype: st_numpy.arrays(dtype, SHAPES)))
@example(np.zeros((0, 5)))
@example(np.array([np.nan, np.inf, -0.0]))
def test_arrays_arrive_as_they_were(array: Any) -> None:
    found = there_and_back(array)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


@pytest.mark.parametrize("array", [np.arange(12.0)[::-2], np.arange(6).reshape(2, 3).T, np.arange(4, dtype=">i4")])
def test_order_in_memory_does_not_matter(array: Any) -> None:
    assert there_and_back(array).tolist() == array.tolist()


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.array([1j]),
        np.array(["2020"], "M8[D]"),
        np.zeros(2, "i4,f8"),
        np.array([1], np.longdouble),
    ],
)
def test_other_dtypes_are_not_sent(array: Any) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        pack(array)


@needs_pandas
@settings(deadline=None, max_examples=50)
@given(st.data())
def test_frames_arrive_as_they_were(data: st.DataObject) -> None:
    import pandas as pd

    rows = data.draw(st.integers(0, 6))
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
    cells = {
        "number": st.floats(),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "truth": st.booleans(),
        "text": texts | st.none(),
        "flag": st.booleans() | st.none(),
    }
    kinds = {"number": float, "integer": np.int64, "truth": bool, "text": "str", "flag": object}
    columns = {
        name: pd.Series(data.draw(st.lists(cell, min_size=rows, max_size=rows)), dtype=kinds[name])
        for name, cell in cells.items()
    }
    columns["kind"] = pd.Series(pd.Categorical(data.draw(st.lists(texts, min_size=rows, max_size=rows))))
    frame = pd.DataFrame(columns).set_axis(range(7, 7 + rows))
    found = there_and_back(frame)
    assert list(found.columns) == list(frame.columns)
    assert list(found.index) == list(range(rows))  # no index crosses
    for name in frame:
        expected, arrived = frame[name].reset_index(drop=True), found[name]
        assert arrived.isna().tolist() == expected.isna().tolist()
        assert arrived[arrived.notna()].tolist() == expected[expected.notna()].tolist()
        if name != "flag" or expected.notna().any():
            assert (name, str(arrived.dtype)) == (name, str(expected.dtype))


@needs_pandas
def test_frames_with_what_may_not_cross() -> None:
    import pandas as pd

    for frame, words in [
        (pd.DataFrame({"a": [object()]}), "column 'a'"),
        (pd.DataFrame({"a": [1, "text"]}), "column 'a'"),
        (pd.DataFrame({"a": [b"bytes"]}), "column 'a'"),
        (pd.DataFrame({3: [1]}), "texts as names"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "texts as names"),
        (pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}), "cannot be sent"),
    ]:
        with pytest.raises(TypeError, match=words):
            pack(frame)


def test_sender_notes_whether_arrays_were_sent() -> None:
    sender, receiver = Sender(), Receiver()
    assert receiver.decode(sender.encode(([0], [[1, "two"]]))) == ([0], [[1, "two"]])
    assert (sender.has_sent_arrays, receiver.takes_arrays) == (False, False)
    assert receiver.plain(np.arange(2)) == [0, 1]
    receiver.decode(sender.encode(([0], [[Packed(np.arange(3))]])))
    assert (sender.has_sent_arrays, receiver.takes_arrays) == (True, True)
    assert isinstance(receiver.plain(np.arange(2)), msgspec.msgpack.Ext)
    assert receiver.plain(np.array([1, None])) == [1, None]


def test_packed_is_what_can_be_packed() -> None:
    with pytest.raises(TypeError, match="a dict is neither"):
        Packed({})


# --- what is forged is refused

EIGHT = b"\0" * 8


@pytest.mark.parametrize(
    "forged",
    [
        ["|O", [1], EIGHT],
        ["O", [1], EIGHT],
        ["<U2", [1], EIGHT],
        ["|V8", [1], EIGHT],
        ["<M8[s]", [1], EIGHT],
        ["f8,O", [1], EIGHT],
        ["<f8", [2], EIGHT],
        ["<f8", [1], EIGHT + b"\0"],
        ["<f8", [], b""],
        ["<f8", [-1], EIGHT],
        ["<f8", [-1, -1], EIGHT],
        ["<f8", [True], EIGHT],
        ["<f8", [1.0], EIGHT],
        ["<f8", [1 << 31], b""],
        ["<f8", [0, MAX_BYTES - 1, MAX_BYTES - 1, MAX_BYTES - 1], b""],
        ["|u1", [1 << 16] * 4, b""],
        ["<f8", [1] * 9, EIGHT],
        ["|b1", [1], b"\2"],
        ["|b1", [2], b"\1\xff"],
        ["<f8", [1], "textual!"],
        ["<f8", [1], None],
        ["<f8", [1]],
        ["<f8", [1], EIGHT, "more"],
        {"dtype": "<f8"},
        None,
        pickle.dumps(np.zeros(1)),
    ],
    ids=repr,
)
def test_forged_array_is_refused(forged: Any) -> None:
    assert refused(ARRAY, forged)


def codes(*values: int) -> bytes:
    return np.array(values, "<i4").tobytes()


@needs_pandas
@pytest.mark.parametrize(
    "forged",
    [
        [1, [["numbers", "a", "|O", EIGHT]]],
        [2, [["numbers", "a", "<f8", EIGHT]]],
        [1, [["numbers", "a", "<f8", EIGHT], ["numbers", "a", "<f8", EIGHT]]],
        [1, [["numbers", 3, "<f8", EIGHT]]],
        [1, [["pickle", "a", EIGHT]]],
        [1, [["codes", "a", "text", ["x"], codes(1)]]],
        [1, [["codes", "a", "text", ["x"], codes(-2)]]],
        [1, [["codes", "a", "text", [], codes(0)]]],
        [1, [["codes", "a", "text", ["x"], codes(0, 0)]]],
        [1, [["codes", "a", "text", ["x"], b"\0"]]],
        [1, [["codes", "a", "text", [3], codes(0)]]],
        [1, [["codes", "a", "flag", [], codes(2)]]],
        [1, [["codes", "a", "category", ["x", "x"], codes(0)]]],
        [1, [["codes", "a", "object", ["x"], codes(0)]]],
        [-1, []],
        [1 << 40, []],
        [1, None],
        [1, [None]],
        None,
    ],
    ids=repr,
)
def test_forged_frame_is_refused(forged: Any) -> None:
    assert refused(FRAME, forged)


@given(st.integers(-128, 127), st.binary(max_size=40))
def test_any_bytes_are_refused_or_data(code: int, data: bytes) -> None:
    try:
        found = unpack(code, memoryview(data))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert type(found).__name__ in ("ndarray", "DataFrame")


@settings(deadline=None)
@given(st.data())
def test_mutated_messages_are_refused_or_data(data: st.DataObject) -> None:
    packed = pack(np.arange(6.0).reshape(2, 3))
    assert packed is not None
    message = bytearray(packed.data)
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = unpack(packed.code, memoryview(bytes(message)))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert found.dtype.str in SIZES
    assert found.nbytes <= len(message)


def test_arrays_may_stand_in_results_alone() -> None:
    """A call in the trace is plain data: it is packed again, and written down."""
    ext = pack(np.arange(2))
    assert arrays.read_answers(memoryview(encode([[ext, None, []]])))[0].result.tolist() == [0, 1]
    forged: list[list[Any]] = [["f", [ext], 1], ["f", [], ext]]
    for call in forged:
        with pytest.raises(msgspec.ValidationError, match="extension"):
            arrays.read_answers(memoryview(encode([[1, None, [call]]])))
