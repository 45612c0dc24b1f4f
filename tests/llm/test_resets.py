"""A connection that is reset after the request was sent: the provider may count it, so it is booked."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from genopt_gym.core.ledger import Budget, Ledger
from genopt_gym.llm import Client, ModelError, Request, Settings

QUESTION = Request("openai/test", [{"role": "user", "content": "Hello"}], 20)


class ResettingServer:
    """Reads a request, and resets the connection without a word."""

    def __init__(self) -> None:
        self.requests = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            data = b""
            while b"Hello" not in data:
                data += connection.recv(65536)
            self.requests += 1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def close(self) -> None:
        self._listening.close()


def test_a_reset_after_the_request_is_booked_at_its_highest_possible_cost() -> None:
    server = ResettingServer()
    client = Client(Budget({}, Ledger()), settings=Settings(server.base_url, attempts=2, backoff=0.01, timeout=20.0))
    with pytest.raises(ModelError, match="the connection was cut"):
        client.complete(QUESTION)
    server.close()
    assert server.requests == 2
    assert client.budget.ledger.models["proposer"].lost_tokens == 2 * (QUESTION.prompt_bound + 20)


def test_a_connection_that_was_never_made_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    client = Client(Budget({}, Ledger()), settings=Settings(f"http://127.0.0.1:{port}/v1", attempts=2, backoff=0.01))
    with pytest.raises(ModelError, match="cannot connect"):
        client.complete(QUESTION)
    assert client.budget.ledger.models["proposer"].tokens == 0
