"""Length-prefixed messages over a stream socket, with a size cap before anything is read."""

from __future__ import annotations

import math
import socket
import struct
import time

HEADER = 4
CHUNK = 1 << 14
"""Small enough that the buffer for each read comes from the heap, not from fresh pages."""
PIECE = 1 << 18
"""What is sent at once; between pieces the time is looked at."""


class ChannelClosed(ConnectionError):
    """The other end is gone."""


class ChannelViolation(ConnectionError):
    """The other end does not keep to the protocol."""


class MessageChannel:
    """One end of a line; messages are bytes.

    Where the socket has timeouts (``set_timeouts``), an end that is silent, or sends or reads byte by byte, holds
    nobody up for longer than that past the deadline.
    """

    def __init__(self, sock: socket.socket, max_bytes: int) -> None:
        self.sock = sock
        self.max_bytes = max_bytes
        self._buffer = bytearray()

    def send(self, message: bytes, deadline: float = math.inf) -> None:
        """Send a message, by ``deadline`` on the monotonic clock.

        Raises:
            TimeoutError: the other end had not taken it by then; the line is of no use any more.
        """
        data = len(message).to_bytes(HEADER, "little") + message
        sent = self._send_some(data) if len(data) <= PIECE else 0
        left = len(data) - sent
        while left:
            if time.monotonic() > deadline:
                raise TimeoutError("the other end does not read")
            left -= self._send_some(memoryview(data)[-left:][:PIECE])

    def receive(self, deadline: float = math.inf) -> bytes:
        """The next message.

        Raises:
            BlockingIOError: a timeout has passed without a byte, or the deadline before a message was complete.
                What has arrived is kept, and ``receive`` can be called again.
        """
        buffer = self._buffer
        while True:
            if not buffer:
                # Nearly every message is small and comes in one piece.
                data = self._receive_some()
                if len(data) - HEADER == int.from_bytes(data[:HEADER], "little") <= self.max_bytes:
                    return data[HEADER:]
                buffer += data
            missing = 0
            if len(buffer) >= HEADER:
                length = int.from_bytes(buffer[:HEADER], "little")
                if length > self.max_bytes:
                    raise ChannelViolation(f"a message of {length:,} bytes is over the limit of {self.max_bytes:,}")
                if len(buffer) >= HEADER + length:
                    message = bytes(memoryview(buffer)[HEADER : HEADER + length])
                    del buffer[: HEADER + length]
                    return message
                missing = HEADER + length - len(buffer)
            if time.monotonic() > deadline:
                raise BlockingIOError("the message is not complete")
            buffer += self._receive_some(max(CHUNK, min(missing, PIECE)))

    def has_message(self) -> bool:
        """Whether a whole message has arrived with the last one: a selector does not see it."""
        buffer = self._buffer
        return len(buffer) >= HEADER and len(buffer) >= HEADER + int.from_bytes(buffer[:HEADER], "little")

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            raise ChannelClosed("the line was closed") from None

    def _receive_some(self, most: int = CHUNK) -> bytes:
        try:
            data = self.sock.recv(most)
        except ConnectionResetError:
            data = b""
        if not data:
            raise ChannelClosed("the line was closed")
        return data

    def close(self) -> None:
        self.sock.close()


def set_timeouts(sock: socket.socket, seconds: float) -> None:
    """Let ``recv`` and ``send`` give up after ``seconds``, without Python's extra ``poll`` per call."""
    whole, part = divmod(seconds, 1)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(part * 1e6)))
