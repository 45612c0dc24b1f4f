"""Length-prefixed messages over a stream socket, with a size cap before anything is read."""

from __future__ import annotations

import socket
import struct

HEADER = 4
CHUNK = 1 << 14
"""Small enough that the buffer for each read comes from the heap, not from fresh pages."""


class LineClosed(ConnectionError):
    """The other end is gone."""


class LineViolation(ConnectionError):
    """The other end does not keep to the protocol."""


class Line:
    """One end of a line; messages are bytes.

    ``receive`` raises BlockingIOError when the socket has a receive timeout (``SO_RCVTIMEO``) that passes
    without a byte; what has arrived is kept, and ``receive`` can be called again.
    """

    def __init__(self, sock: socket.socket, max_bytes: int) -> None:
        self.sock = sock
        self.max_bytes = max_bytes
        self._buffer = bytearray()

    def send(self, message: bytes) -> None:
        try:
            self.sock.sendall(len(message).to_bytes(HEADER, "little") + message)
        except (BrokenPipeError, ConnectionResetError):
            raise LineClosed("the line was closed") from None

    def receive(self) -> bytes:
        buffer = self._buffer
        while True:
            if not buffer:
                # Nearly every message is small and comes in one piece.
                data = self._receive_some()
                if len(data) - HEADER == int.from_bytes(data[:HEADER], "little") <= self.max_bytes:
                    return data[HEADER:]
                buffer += data
            if len(buffer) >= HEADER:
                length = int.from_bytes(buffer[:HEADER], "little")
                if length > self.max_bytes:
                    raise LineViolation(
                        f"a message of {length:,} bytes is over the limit of {self.max_bytes:,}"
                    )
                if len(buffer) >= HEADER + length:
                    message = bytes(memoryview(buffer)[HEADER : HEADER + length])
                    del buffer[: HEADER + length]
                    return message
            buffer += self._receive_some()

    def _receive_some(self) -> bytes:
        try:
            data = self.sock.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        if not data:
            raise LineClosed("the line was closed")
        return data

    def close(self) -> None:
        self.sock.close()


def set_receive_timeout(sock: socket.socket, seconds: float) -> None:
    """Let ``recv`` give up after ``seconds``, without Python's extra ``poll`` per call."""
    whole, part = divmod(seconds, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1e6)))
