"""The official client of the Model Context Protocol against ``genopt mcp``, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

mcp = pytest.importorskip("mcp")
import httpx2  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402

GENOPT = str(Path(sys.executable).with_name("genopt"))
PATIENCE = 120.0
"""Seconds that a call may take on a busy machine."""


class Told(NamedTuple):
    """What a tool has answered."""

    words: str
    facts: dict[str, Any]
    is_error: bool
    links: list[str]


class Caller:
    """Calls tools of a connected client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def __call__(self, tool: str, **arguments: Any) -> Told:
        result = await self.client.call_tool(tool, arguments, read_timeout_seconds=PATIENCE)
        links = [str(block.uri) for block in result.content if block.type == "resource_link"]
        words = "\n".join(block.text for block in result.content if block.type == "text")
        return Told(words, result.structured_content or {}, bool(result.is_error), links)


@asynccontextmanager
async def over_stdio(folder: Path, *words: str) -> AsyncIterator[Caller]:
    """A client that starts its own server."""
    parameters = mcp.StdioServerParameters(command=GENOPT, args=["mcp", *words], env=dict(os.environ), cwd=folder)
    async with mcp.Client(parameters) as client:
        yield Caller(client)


class HttpServer(NamedTuple):
    """A server that runs."""

    process: subprocess.Popen[str]
    url: str
    headers: dict[str, str]
    folder: Path

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Caller]:
        async with (
            httpx2.AsyncClient(headers=self.headers, timeout=PATIENCE) as http,
            mcp.Client(streamable_http_client(self.url, http_client=http)) as client,
        ):
            yield Caller(client)


@contextmanager
def http_server(folder: Path, *words: str) -> Iterator[HttpServer]:
    """A server on a free port, until the end of ``with``."""
    arguments = [GENOPT, "mcp", "--http", "0", *words]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        printed = ""
        while not re.search(r"^}", printed, re.M):
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            printed += line
        entry = json.loads(printed)["mcpServers"]["genopt"]
        try:
            yield HttpServer(process, entry["url"], entry["headers"], folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
