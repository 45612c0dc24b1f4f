"""Commands that serve: a model to other libraries, an environment to coding assistants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from genopt_gym.cli.arguments import GatewayArguments, McpArguments, WorkspaceArguments, takes
from genopt_gym.cli.confinement import choose_confinement


@takes(GatewayArguments)
def gateway_command(arguments: GatewayArguments) -> None:
    """Serve a model to other libraries, over OpenAI's chat protocol: their calls share a budget and are counted.

    Example: genopt gateway --model openai/gpt-5-mini --budget money=2 --record replies.jsonl
    """
    from genopt_gym.cli.serving import serve

    serve(arguments)


@takes(McpArguments)
def mcp_command(arguments: McpArguments) -> None:
    """Let a coding assistant optimize over the Model Context Protocol; each of its runs is a run folder.

    Example: genopt mcp GenOpt/Control-CartPole-v0 --edits 10 --runs 1
    """
    from genopt_gym.cli.coding import serve_mcp

    choose_confinement(arguments.confinement)
    serve_mcp(arguments)


@takes(WorkspaceArguments)
def workspace_command(arguments: WorkspaceArguments) -> None:
    """Lay an artifact out as files in a new folder, for an assistant in any sandbox; ./evaluate there runs it.

    Example: genopt workspace GenOpt/Control-CartPole-v0 /tmp/cartpole --edits 10
    """
    from genopt_gym.cli.coding import serve_workspace

    choose_confinement(arguments.confinement)
    serve_workspace(arguments)


def skill_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where your assistant looks for the skill.")],
) -> None:
    """Write SKILL.md, which teaches an assistant to optimize here, to read evidence and to report honestly.

    Example: genopt skill ~/.claude/skills/genopt
    """
    from genopt_gym.cli.coding import write_skill

    write_skill(folder)


SERVING: dict[str, Callable[..., Any]] = {
    "gateway": gateway_command,
    "mcp": mcp_command,
    "workspace": workspace_command,
    "skill": skill_command,
}
"""By name."""
