"""All parameters of ``gym.make`` on one page."""

from __future__ import annotations

from collections.abc import Iterable

from genopt_docs.facts import Facts, all_facts
from genopt_docs.markdown import plain, table
from genopt_gym.cli.showing import Keyword, environment_keywords, task_keywords
from genopt_gym.core.registry import load

ALL = "reference/parameters.md"
REGISTRIES = {
    "accept": ("Acceptance rules", "genopt_gym.core.acceptance:RULES"),
    "trace_window": ("Trace windows", "genopt_gym.core.windows:WINDOWS"),
    "feedback": ("Feedback kinds", "genopt_gym.core.feedback_kinds:FEEDBACK"),
}
HEAD = """\
# All parameters

What `gym.make` and `genopt_gym.make` take, and `--set KEY=VALUE` on the command line. Values are JSON: lists, no
tuples. A keyword that there is not is refused, with the nearest name. Two are Gymnasium's own: `max_episode_steps`,
the edits of a run, and `render_mode` (`ansi`, `rgb_array`).

"""


def parameters_page() -> str:
    """Those of every environment, each with a heading that can be linked to; then those that tasks add."""
    example = next(facts for facts in all_facts() if facts.id == "GenOpt/Control-CartPole-v0")
    shared = list(environment_keywords(example.kind))
    parts = [HEAD, "## Of every environment\n"]
    parts += [f"### `{keyword.name}`\n\n{_said(keyword)}\n" for keyword in shared]
    parts.append("## Of tasks\n")
    for keyword, users in _of_tasks():
        names = "every task" if len(users) == len(all_facts()) else ", ".join(_links(users))
        parts.append(f"### `{keyword.name}`\n\n{_said(keyword)}\n\nOf {names}.\n")
    for keyword_name, (title, reference) in REGISTRIES.items():
        rows = [[f"`{name}`", plain(line)] for name, line in load(reference).describe().items()]
        words = f"What `{keyword_name}` may name, beside `module:Class`."
        parts.append(f"## {title}\n\n{words}\n\n{table(['name', 'what it is'], rows)}")
    return "\n".join(parts)


def keyword_table(keywords: Iterable[Keyword]) -> str:
    """Keywords with values, default and meaning."""
    rows = [[f"`{each.name}`", plain(each.values), default_of(each), plain(each.meaning)] for each in keywords]
    return table(["keyword", "values", "default", "what it is"], rows)


def default_of(keyword: Keyword) -> str:
    """A default as code, or in words where there is nothing to show."""
    return {"needed": "none: it has to be given", "": "empty"}.get(keyword.default, f"`{keyword.default}`")


def _said(keyword: Keyword) -> str:
    values = "a name of the task, `structure/implementation`" if keyword.name == "start" else plain(keyword.values)
    default = {
        "start": "the task's first choice",
        "credit_horizon": "the id's own",
        "trace_window": "`highlights` where a task has episodes, else `first`",
        "feedback": "`score, staged`, unless the task's protocol fills others: its page tells",
    }.get(keyword.name, default_of(keyword))
    meaning = (
        "which of the task's protocols fills what was not passed"
        if keyword.name == "protocol"
        else plain(keyword.meaning)
    )
    return f"{meaning[:1].upper()}{meaning[1:].rstrip('.')}.\n\nValues: {values}. Default: {default}."


def _of_tasks() -> list[tuple[Keyword, list[Facts]]]:
    """Each keyword that some task adds, with the tasks; tasks that mean something else by a name come apart."""
    found: dict[tuple[str, str], tuple[Keyword, list[Facts]]] = {}
    for facts in all_facts():
        for keyword in task_keywords(facts.kind):
            general = Keyword(keyword.name, keyword.values, _default(keyword), keyword.meaning)
            found.setdefault((keyword.name, keyword.meaning), (general, []))[1].append(facts)
    return list(found.values())


def _default(keyword: Keyword) -> str:
    return "the task's own" if keyword.name.endswith("_size") else keyword.default


def _links(users: list[Facts]) -> list[str]:
    """Whole families by their name."""
    families: dict[str, list[Facts]] = {}
    for facts in users:
        families.setdefault(facts.family, []).append(facts)
    links = []
    for family, members in families.items():
        if len(members) == sum(facts.family == family for facts in all_facts()):
            links.append(f"[{family}](../environments/{family.lower()}.md)")
        else:
            links += [f"[{facts.name}](../environments/{facts.place}.md)" for facts in members]
    return links
