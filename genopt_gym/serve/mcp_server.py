"""The Model Context Protocol: the server's tools and long texts for any assistant that speaks it."""

from __future__ import annotations

import asyncio
import errno
import hmac
import logging
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import EvaluationError
from genopt_gym.serve.sessions import Sessions
from genopt_gym.serve.snapshot import PARTS
from genopt_gym.serve.tools import TOOLS, ToolAnswer, call, description, schema
from genopt_gym.version import VERSION

try:
    import mcp_types as types
    import uvicorn
    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp.server.stdio import stdio_server
    from mcp.shared.exceptions import MCPError
except ImportError:
    raise UserError("the MCP server needs the package mcp: pip install 'genopt-gym[mcp]'") from None

PULSE: Final = 1.0
"""Seconds between two notes of progress."""
PATH: Final = "/mcp"
INSTRUCTIONS: Final = """\
Improve an artifact (programs or texts) by editing it. list_tasks, then start a run; read context, artifact, trace and
feedback with observe; edit or patch: each is one step of a limited number, and is evaluated at once; status shows what
is left; finish when you have no better idea. Test scores exist only after finish."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ToolServer:
    """Serves the runs of ``sessions``, on standard input and output or on a port of this machine."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._server: Server[Any] = Server(
            "genopt",
            version=VERSION,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
        )

    async def serve_stdio(self) -> None:
        """Until whoever has started this process closes its standard input."""
        async with stdio_server() as (reading, writing):
            await self._server.run(reading, writing, self._server.create_initialization_options())

    async def serve_http(self, listening: socket.socket, key: str) -> None:
        """Until the process is told to end; callers have to give the key."""
        app = _KeyCheck(self._server.streamable_http_app(streamable_http_path=PATH), key)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        await uvicorn.Server(config).serve(sockets=[listening])

    async def _list_tools(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        free = ("list_tasks", "observe", "status")
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=name,
                    description=description(name),
                    input_schema=schema(name),
                    annotations=types.ToolAnnotations(read_only_hint=name in free, open_world_hint=False),
                )
                for name in TOOLS
            ]
        )

    async def _call_tool(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        try:
            answer = await self._answer(context, params.name, params.arguments or {})
        except (UserError, EvaluationError) as error:
            return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)
        except Exception:
            logging.getLogger(__name__).exception("the tool %s failed", params.name)
            words = f"{params.name} failed in the server itself; its log says more"
            return types.CallToolResult(content=[types.TextContent(text=words)], is_error=True)
        content: list[Any] = [types.TextContent(text=answer.words)]
        if answer.more is not None:
            run = answer.facts["run"]
            content.append(
                types.ResourceLink(name=f"{answer.more} of {run}, whole", uri=f"genopt://{run}/{answer.more}")
            )
        return types.CallToolResult(content=content, structured_content=answer.facts)

    async def _answer(self, context: ServerRequestContext[Any], tool: str, arguments: dict[str, Any]) -> ToolAnswer:
        # To make a task can take as long as to evaluate: neither is the event loop's.
        pending = await asyncio.to_thread(call, self._sessions, tool, arguments)
        waiting, begun = asyncio.wrap_future(pending.future), time.monotonic()
        while not (await asyncio.wait([waiting], timeout=PULSE))[0]:
            seconds = time.monotonic() - begun
            await context.session.report_progress(seconds, None, f"{tool}: at work for {seconds:.0f} s")
        return pending.answer(waiting.result())

    async def _list_resources(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(name=f"{part} of {run.name}", uri=f"genopt://{run.name}/{part}", mime_type="text/plain")
                for run in self._sessions.open
                if run.begun.done() and run.begun.exception() is None
                for part in PARTS
            ]
        )

    async def _list_templates(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="a part of a run, whole", uri_template="genopt://{run}/{part}", description=f"part: {', '.join(PARTS)}"
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def _read_resource(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        run, _, part = uri.removeprefix("genopt://").partition("/")
        if not uri.startswith("genopt://") or part not in PARTS:
            raise MCPError(types.INVALID_PARAMS, f"there is no resource {uri[:100]!r}: one is genopt://RUN/trace")
        try:
            text = self._sessions.get(run).snapshot.part(part)
        except UserError as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, text=text, mime_type="text/plain")]
        )


class _KeyCheck:
    """Lets in who has the key: other users of the machine may reach the port."""

    def __init__(self, app: Any, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and not hmac.compare_digest(given, self._expected):
            head = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": head})
            await send({"type": "http.response.body", "body": b"the key is missing or wrong: it was shown at start\n"})
            return
        await self._app(scope, receive, send)


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; 0 takes a free port.

    Raises:
        UserError: the port cannot be had.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listening.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "it is in use" if taken else str(error)
        raise UserError(f"cannot serve on port {port} ({why}): take another, or 0 for any") from None
    return listening


def new_key() -> str:
    return f"genopt-{secrets.token_urlsafe(24)}"
