"""A process without a network: whatever asks for another machine is refused, and told on standard error."""

from __future__ import annotations

import socket
import sys
from typing import Any, NoReturn

TOLD = "asked for a network:"
HERE = ("127.0.0.1", "::1", "localhost")


def cut() -> None:
    """From here on this process reaches itself and its own machine alone."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in HERE:
            _refuse(address)
        connect(self, address)

    def look_up_here(host: Any, *more: Any, **keywords: Any) -> Any:
        if host is not None and host not in HERE:
            _refuse(host)
        return look_up(host, *more, **keywords)

    socket.socket.connect = connect_here  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = look_up_here


def _refuse(what: Any) -> NoReturn:
    print(TOLD, what, file=sys.stderr, flush=True)
    raise OSError(f"there is no network here: {what}")
