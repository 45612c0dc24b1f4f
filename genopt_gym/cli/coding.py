"""``genopt mcp``, ``genopt workspace`` and ``genopt skill``: coding assistants as optimizers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib.resources import files
from pathlib import Path

from genopt_gym.cli.arguments import McpArguments, WorkspaceArguments
from genopt_gym.cli.running import pairs, show_result
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.runs.config import read_run
from genopt_gym.serve.sessions import Rules, Sessions, outside


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


def serve_workspace(arguments: WorkspaceArguments) -> None:
    """Lay out a workspace, and serve it until the assistant has ended the run, or Ctrl-C."""
    from genopt_gym.serve.workspace import WorkspaceServer, check_place, lay_out

    default_workers()
    folder, resumed = arguments.folder, arguments.resume
    out = resumed.parent if resumed else (arguments.out or Path("runs"))
    outside(folder, out)
    given = (arguments.parameters, arguments.edits, arguments.out, arguments.seed)
    if resumed is not None and any(each is not None for each in given):
        raise UserError(f"--resume takes everything from {resumed}: leave out --set, --edits, --seed and --out")
    if resumed is not None and read_run(resumed).id != arguments.id:
        raise UserError(f"the run in {resumed} is of {read_run(resumed).id}, not of {arguments.id}")
    check_place(folder)
    parameters = pairs("--set", arguments.parameters or [])
    rules = Rules(out=out.absolute(), ids=[arguments.id], parameters=parameters, callbacks=["progress"])
    sessions = Sessions(rules)
    if resumed is not None:
        session = sessions.resume(resumed.name)
    else:
        session = sessions.start(arguments.id, None, arguments.edits, arguments.seed or 0)
    try:
        session.begun.result()
        names = lay_out(folder, arguments.id, session)
        with WorkspaceServer(folder, sessions, session, names) as server:
            print(f"{folder}: let an assistant work in it; Ctrl-C leaves the run, to be resumed", flush=True)
            while not server.finished.wait(1.0):
                if session.result.done() and session.result.exception() is not None:
                    break
        show_result(session.result.result())
    except KeyboardInterrupt:
        print(f"\ngenopt: left; go on with: --resume {session.folder} and a new folder", file=sys.stderr)
    finally:
        sessions.close()


def write_skill(folder: Path) -> None:
    """Write SKILL.md into a folder."""
    path = folder / "SKILL.md"
    if path.exists():
        raise UserError(f"{path} is there already; take it away, or choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text((files("genopt_gym.serve") / "templates" / "skill.txt").read_text(encoding="utf-8"), "utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    print(path)
