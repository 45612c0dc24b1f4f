"""``genopt mcp``, ``genopt workspace`` and ``genopt skill``: coding assistants as optimizers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from genopt_gym.cli.arguments import McpArguments
from genopt_gym.cli.running import pairs
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.serve.sessions import Rules, Sessions


def serve_mcp(arguments: McpArguments) -> None:
    """Serve until the client leaves (standard input), or Ctrl-C (HTTP); runs that have not ended can be resumed."""
    from genopt_gym.serve.mcp_server import PATH, ToolServer, listen, new_key

    default_workers()
    rules = Rules(
        out=(arguments.out or Path("runs")).absolute(),
        ids=arguments.ids or (),
        parameters=pairs("--set", arguments.parameters or []),
        edits=arguments.edits,
        runs=arguments.runs,
    )
    sessions = Sessions(rules)
    server = ToolServer(sessions)
    try:
        if arguments.http is None:
            asyncio.run(server.serve_stdio())
        else:
            listening, key = listen(arguments.http), os.environ.get("GENOPT_MCP_KEY") or new_key()
            url = f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}"
            entry = {"type": "http", "url": url, "headers": {"Authorization": f"Bearer {key}"}}
            print(json.dumps({"mcpServers": {"genopt": entry}}, indent=2), flush=True)
            print("genopt: Ctrl-C ends it", file=sys.stderr)
            asyncio.run(server.serve_http(listening, key))
    except KeyboardInterrupt:
        pass
    finally:
        sessions.close()
        for run in sessions.open:
            if not (run.folder / "result.json").exists():
                print(f"genopt: left; go on with start(resume={run.name!r})", file=sys.stderr)
