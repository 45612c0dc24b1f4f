"""The page of the suites."""

from __future__ import annotations

from genopt_docs.markdown import code, plain, table
from genopt_gym.suites import SUITES


def suite_page() -> str:
    """Every suite with its tasks and their parameters."""
    parts = [
        "# Suites\n\nTasks that belong together, with the parameters that make them so: `tasks: suite:NAME` in a plan, "
        "`--tasks suite:NAME` on the command line, `genopt_gym.suites.suite(NAME)` in Python.\n"
    ]
    for suite in SUITES.values():
        rows = [
            [
                f"[{id.removeprefix('GenOpt/').removesuffix('-v0')}]({_place(id)}.md)",
                ", ".join(f"`{key}={value!r}`" for key, value in own.items()) or "defaults",
            ]
            for id, own in suite.tasks.items()
        ]
        command = (
            code(f"genopt study check quick/batching --tasks suite:{suite.name}", "bash")
            if suite.name == "quick"
            else ""
        )
        parts.append(f"## {suite.name}\n\n{plain(suite.what)}\n\n{table(['task', 'parameters'], rows)}\n{command}")
    return "\n".join(parts)


def suites_with(id: str) -> list[str]:
    """The suites that an environment is in."""
    return [suite.name for suite in SUITES.values() if id in suite.tasks]


def _place(id: str) -> str:
    return id.removeprefix("GenOpt/").removesuffix("-v0").lower()
