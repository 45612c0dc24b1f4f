"""Results of blocks, kept in memory as long as there is room."""

from __future__ import annotations

from genopt_gym.evaluation.store import MemoryStore


def test_what_was_put_is_found() -> None:
    store = MemoryStore()
    store["key"] = b"result"
    assert store.get("key") == b"result"
    assert store.get("other") is None


def test_least_recently_used_makes_room() -> None:
    store = MemoryStore(max_bytes=30)
    for key in "abc":
        store[key] = b"x" * 10
    assert store.get("a") is not None
    store["d"] = b"x" * 10
    assert [key for key in "abcd" if store.get(key) is not None] == ["a", "c", "d"]


def test_replaced_result_is_counted_once() -> None:
    store = MemoryStore(max_bytes=30)
    store["a"] = b"x" * 10
    for _ in range(5):
        store["b"] = b"y" * 20
    assert store.get("a") is not None


def test_result_larger_than_the_room_is_kept_until_the_next() -> None:
    store = MemoryStore(max_bytes=10)
    store["large"] = b"x" * 100
    assert store.get("large") is not None
    store["small"] = b"x"
    assert store.get("large") is None
    assert store.get("small") is not None
