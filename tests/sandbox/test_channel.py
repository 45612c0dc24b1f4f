"""Messages over a stream socket: whole, in order, capped in size, however the bytes arrive."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.sandbox.channel import HEADER, ChannelClosed, ChannelViolation, MessageChannel, set_timeouts


@contextmanager
def line_and_raw_end(max_bytes: int = 1000) -> Iterator[tuple[MessageChannel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield MessageChannel(ours, max_bytes), theirs


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(HEADER, "little") + message


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8), st.lists(st.integers(1, 12), min_size=1))
def test_messages_survive_any_split_of_the_stream(messages: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(map(framed, messages))
    with line_and_raw_end() as (line, raw):
        line.sock.setblocking(False)
        received: list[bytes] = []
        number = 0
        while stream:
            size = sizes[number % len(sizes)]
            number += 1
            raw.sendall(stream[:size])
            stream = stream[size:]
            try:
                while len(received) < len(messages):
                    received.append(line.receive())
            except BlockingIOError:
                pass  # a part has arrived; the line keeps it
        assert received == messages


def test_both_ends_send_and_receive() -> None:
    ours, theirs = socket.socketpair()
    a, b = MessageChannel(ours, 1000), MessageChannel(theirs, 1000)
    a.send(b"question")
    assert b.receive() == b"question"
    b.send(b"")
    b.send(b"answer")
    assert [a.receive(), a.receive()] == [b"", b"answer"]
    a.close()
    b.close()


def test_message_larger_than_any_buffer() -> None:
    message = bytes(range(256)) * (1 << 14)
    ours, theirs = socket.socketpair()
    a, b = MessageChannel(ours, len(message)), MessageChannel(theirs, len(message))
    sender = threading.Thread(target=a.send, args=(message,))
    sender.start()
    assert b.receive() == message
    sender.join()
    a.close()
    b.close()


def test_message_of_exactly_the_limit_passes() -> None:
    with line_and_raw_end(max_bytes=10) as (line, raw):
        raw.sendall(framed(b"x" * 10))
        assert line.receive() == b"x" * 10


def test_announced_size_over_the_limit_is_refused_before_its_bytes_arrive() -> None:
    with line_and_raw_end(max_bytes=10) as (line, raw):
        raw.sendall((11).to_bytes(HEADER, "little"))
        with pytest.raises(ChannelViolation, match="11 bytes is over the limit of 10"):
            line.receive()


@pytest.mark.parametrize("sent", [b"", b"\x05", framed(b"whole")[:-1]], ids=["nothing", "half a header", "half"])
def test_closed_line_is_told_whatever_was_begun(sent: bytes) -> None:
    with line_and_raw_end() as (line, raw):
        raw.sendall(sent)
        raw.close()
        with pytest.raises(ChannelClosed):
            line.receive()


def test_what_arrived_before_the_close_is_received() -> None:
    with line_and_raw_end() as (line, raw):
        raw.sendall(framed(b"last words"))
        raw.close()
        assert line.receive() == b"last words"
        with pytest.raises(ChannelClosed):
            line.receive()


def test_sending_to_a_closed_end_is_told() -> None:
    with line_and_raw_end() as (line, raw):
        raw.close()
        with pytest.raises(ChannelClosed):
            line.send(b"anybody?")


def test_reset_connection_is_a_closed_line() -> None:
    """A unix socket that closes with unread bytes in it resets the connection."""
    with line_and_raw_end() as (line, raw):
        line.send(b"never read")
        raw.close()
        with pytest.raises(ChannelClosed):
            line.receive()


def test_receive_timeout_raises_and_loses_nothing() -> None:
    with line_and_raw_end() as (line, raw):
        set_timeouts(line.sock, 0.01)
        raw.sendall(framed(b"slow")[:6])
        with pytest.raises(BlockingIOError):
            line.receive()
        raw.sendall(framed(b"slow")[6:])
        assert line.receive() == b"slow"
