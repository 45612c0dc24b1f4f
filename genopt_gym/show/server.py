"""A server on this machine alone that shows runs while they go on. It only reads."""

from __future__ import annotations

import errno
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from genopt_gym.core.errors import UserError
from genopt_gym.show.document import as_json
from genopt_gym.show.live_run import LiveRun
from genopt_gym.show.overview import Overview, RunEntry, overview_page, plain

LOOK = 0.25
"""Seconds between looks at a run's files, while somebody watches."""
OVERVIEW_LOOK = 2.0
"""The same for the files of many runs."""
HEARTBEAT = 15.0
"""Seconds after which a silent connection says that it is there."""

Answer = tuple[str, bytes] | None
"""Content type and body."""


class Watcher:
    """What is shown: one run, or many under their overview.

    Args:
        shown: a run, or many.
    """

    def __init__(self, shown: LiveRun | Overview) -> None:
        self.shown = shown
        self._runs: dict[str, LiveRun] = {}
        self._lock = threading.Lock()
        self._overview: tuple[float, Sequence[RunEntry]] = (-OVERVIEW_LOOK, ())

    def run(self, key: str) -> LiveRun | None:
        """The run of that key; the one that is shown for the empty key."""
        if not key or isinstance(self.shown, LiveRun):
            return self.shown if not key and isinstance(self.shown, LiveRun) else None
        with self._lock:
            if key not in self._runs:
                folder = next((each.folder for each in self.shown.entries() if each.key == key), None)
                if folder is None or not (folder / "config.json").exists():
                    return None
                self._runs[key] = LiveRun(folder, home="../..")
            return self._runs[key]

    def close(self) -> None:
        """Nobody looks any more."""
        for run in [*self._runs.values(), *([self.shown] if isinstance(self.shown, LiveRun) else [])]:
            run.close()

    def entries(self) -> Sequence[RunEntry]:
        """Of the overview, looked up now and then for all who ask."""
        assert isinstance(self.shown, Overview)
        with self._lock:
            looked, entries = self._overview
            if time.monotonic() - looked > OVERVIEW_LOOK:
                entries = [replace(each, page=_page(each)) for each in self.shown.entries()]
                self._overview = (time.monotonic(), entries)
            return entries

    def page(self) -> str:
        """Of the overview."""
        assert isinstance(self.shown, Overview)
        return overview_page(Overview(self.shown.title, self.shown.question, self.entries), live=True)


def _page(entry: RunEntry) -> str:
    """A run that has begun has one, even before its first step."""
    return f"runs/{quote(entry.key, safe='')}/" if (entry.folder / "config.json").exists() else ""


class WatchServer:
    """Serves the pages on 127.0.0.1 until it is closed; ``url`` holds a secret that callers need.

    Args:
        shown: a run, or many.
        port: 0 takes a free one.

    Raises:
        UserError: the port is in use.
    """

    def __init__(self, shown: LiveRun | Overview, port: int = 0) -> None:
        self._key = secrets.token_urlsafe(9)
        self._watcher = Watcher(shown)
        handler = type("_Handler", (_Handler,), {"watcher": self._watcher, "key": self._key})
        try:
            self._server = _Server(("127.0.0.1", port), handler)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise UserError(f"port {port} {why}; choose another with --port, or leave it out for a free one") from None
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{self._key}/"

    def serve(self) -> None:
        """Until it is interrupted."""
        self._server.serve_forever(poll_interval=0.5)

    def close(self) -> None:
        self._server.ending.set()
        self._server.server_close()
        self._watcher.close()

    @contextmanager
    def running(self) -> Iterator[str]:
        """In a thread of its own; its address."""
        thread = threading.Thread(target=self.serve, daemon=True)
        thread.start()
        try:
            yield self.url
        finally:
            self._server.ending.set()
            self._server.shutdown()
            thread.join()
            self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # A second server on the same port is told so, where two could share it.
    allow_reuse_address = False

    def __init__(self, *arguments: Any) -> None:
        self.ending = threading.Event()
        super().__init__(*arguments)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer who has left is no error."""


class _Handler(BaseHTTPRequestHandler):
    watcher: ClassVar[Watcher]
    key: ClassVar[str]
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, if the caller knows the secret and asks this machine by its own name."""
        address = urlsplit(self.path)
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        first, _, rest = address.path.removeprefix("/").partition("/")
        if host not in ("127.0.0.1", "localhost") or not secrets.compare_digest(first.encode(), self.key.encode()):
            return self._refuse(HTTPStatus.NOT_FOUND)
        try:
            return self._answer(unquote(rest), parse_qs(address.query))
        except UserError as error:
            return self._send(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", str(error).encode())
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True

    def _answer(self, path: str, query: dict[str, list[str]]) -> None:
        key = ""
        if path.startswith("runs/") and isinstance(self.watcher.shown, Overview):
            key, _, path = path.removeprefix("runs/").partition("/")
        if not key and isinstance(self.watcher.shown, Overview):
            return self._overview(path)
        run = self.watcher.run(key)
        if run is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        run.refresh()
        if path == "":
            return self._html(run.page())
        if path == "events":
            return self._stream(lambda: run.version, lambda seen: run.news(seen), int(query.get("from", ["0"])[0]), run)
        name, _, step = path.removeprefix("chunk/").partition("/")
        body = run.chunk(name, int(step) if step.isdigit() else 0) if path.startswith("chunk/") else None
        if body is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        return self._send(HTTPStatus.OK, "application/json", body)

    def _overview(self, path: str) -> None:
        if path == "":
            return self._html(self.watcher.page())
        if path != "events":
            return self._refuse(HTTPStatus.NOT_FOUND)
        return self._stream(self.watcher.entries, lambda _: {"entries": plain(self.watcher.entries())}, 0, None)

    def _stream(
        self, version: Callable[[], Any], news: Callable[[int], dict[str, Any]], seen: int, run: LiveRun | None
    ) -> None:
        """Server-sent events, whenever there is another version, until the viewer leaves."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        told: Any = None
        quiet = time.monotonic()
        while not self.server.ending.is_set():
            if run is not None:
                try:
                    run.refresh()
                except UserError:
                    return
            if (now := version()) != told:
                told = now
                found = news(seen)
                seen += max(len(found.get("steps", ())) - (1 if seen else 0), 0)
                self.wfile.write(f"event: news\ndata: {as_json(found)}\n\n".encode())
                self.wfile.flush()
                quiet = time.monotonic()
            elif time.monotonic() - quiet > HEARTBEAT:
                self.wfile.write(b": here\n\n")
                self.wfile.flush()
                quiet = time.monotonic()
            self.server.ending.wait(LOOK if run is not None else OVERVIEW_LOOK)

    def _html(self, page: str) -> None:
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status, "text/plain; charset=utf-8", status.phrase.encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody wants a line for each request."""
