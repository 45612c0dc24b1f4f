"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genopt_docs.markdown import code, plain, table

HEAD = """\
# Command line

Every command of `genopt`, as `genopt COMMAND --help` shows it. Bad input ends with one sentence and exit code 2, a
task's own failure with 1.

"""


def commands() -> Iterator[tuple[str, Any]]:
    """Each command with its name, those of groups as ``study run``."""
    import typer

    from genopt_gym.cli import app

    yield from _commands(typer.main.get_command(app), "")


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def command_line_pages() -> Iterator[tuple[str, str]]:
    """One page with all commands."""
    yield "reference/command-line.md", HEAD + "\n".join(_section(name, command) for name, command in commands())


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["genopt", name, *(["[OPTIONS]"] * bool(options)), *(_metavar(each) for each in arguments)])
    parts = [f"## genopt {name}\n", f"{_help(command.help or '')}\n", code(usage, "text")]
    if arguments:
        rows = [[f"`{_metavar(each)}`", plain(each.help or "")] for each in arguments]
        parts.append(table(["argument", "what it is"], rows))
    if options:
        rows = [[f"`{_names(each)}`", plain(each.help or "")] for each in options]
        parts.append(table(["option", "what it does"], rows))
    return "\n".join(parts)


def _help(text: str) -> str:
    """Sentences as they are, an example as code."""
    lines = [line.strip() for line in text.strip().splitlines()]
    shown = []
    for line in lines:
        before, mark, command = line.partition(": genopt ")
        shown.append(f"{plain(before)}:\n\n{code(f'genopt {command}', 'bash')}" if mark else plain(line))
    return "\n".join(shown)


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"
