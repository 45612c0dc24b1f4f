"""Generated pages: one for each environment and each public name, and nothing that can be set is left out of them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_type_hints

import pytest
from genopt_docs.command_line import commands
from genopt_docs.facts import all_facts
from genopt_docs.pages import generated_pages, write_pages
from genopt_docs.reference import ELSEWHERE, place

import genopt_gym
import genopt_gym.wrappers
from genopt_gym.agents import AGENTS, agent_class
from genopt_gym.baselines.measured import measured
from genopt_gym.baselines.references import references
from genopt_gym.core.parameters import ParameterDict, Parameters
from genopt_gym.core.task import starts_of
from genopt_gym.registration import EXAMPLES, FUNCTION, GAMES, NESTED, TABLE
from genopt_gym.version import VERSION
from tests.helpers.pages import ROOT

IDS = [*(row.id for row in (*TABLE, NESTED, FUNCTION, EXAMPLES)), *(id for id, _ in GAMES)]
Pages = Mapping[str, str]


@pytest.fixture(scope="module")
def pages() -> Pages:
    """Place and text of every generated page."""
    return dict(generated_pages())


def page_of(pages: Pages, id: str) -> str:
    return pages[f"environments/{id.removeprefix('GenOpt/').removesuffix('-v0').lower()}.md"]


def test_every_id_has_a_page_with_a_picture_and_a_command(pages: Pages) -> None:
    for id in IDS:
        page = page_of(pages, id)
        assert f"`{id}`" in page
        assert "{.picture}" in page
        assert "```bash\ngenopt " in page or f'gym.make("{id}")' in page


def test_a_page_tells_what_the_registry_tells(pages: Pages) -> None:
    for facts in all_facts():
        page, metric = page_of(pages, facts.id), facts.metric
        assert f"| edits of a run | {facts.row.updates} |" in page
        for start in starts_of(facts.structures):
            assert f"<code>{start}</code>" in page
        if metric is not None:
            told = {metric.format(metric.floor), metric.format(metric.reference)}
            if facts.id in references():
                told.add(metric.format(references()[facts.id].score))
            told |= {metric.format(score) for one in measured() for score in one.scores.get(facts.id, ())}
            assert [score for score in told if score not in page] == [], facts.id


def test_every_parameter_of_a_signature_is_on_the_pages(pages: Pages) -> None:
    """Those of the environment, of ``genopt_gym.make``, and of each task's constructor with its bases."""
    everything = pages["reference/parameters.md"]
    own = {*inspect.signature(genopt_gym.make).parameters} - {"id", "parameters"}
    for name in {*get_type_hints(Parameters), *get_type_hints(ParameterDict), *own}:
        assert f"`{name}`" in everything, name
    for facts in all_facts():
        page = page_of(pages, facts.id)
        for base in facts.kind.__mro__:
            parameters = inspect.signature(vars(base).get("__init__", lambda: None)).parameters.values()
            for parameter in parameters:
                if parameter.kind is parameter.KEYWORD_ONLY:
                    assert f"### `{parameter.name}`" in everything
                    assert f"| `{parameter.name}` |" in page, (facts.id, parameter.name)
            if "__init__" in vars(base) and not any(each.kind is each.VAR_KEYWORD for each in parameters):
                break


def test_every_parameter_is_explained(pages: Pages) -> None:
    sections = pages["reference/parameters.md"].split("\n### ")[1:]
    assert len(sections) > 30
    for section in sections:
        name, _, words = section.partition("\n\n")
        assert words.partition("\n")[0].strip(". "), name
        assert "Values:" in words


@pytest.mark.parametrize("name", [*(f"genopt_gym.{name}" for name in genopt_gym.__all__), *sum(ELSEWHERE.values(), ())])
def test_every_public_name_has_a_page_of_its_own(pages: Pages, name: str) -> None:
    assert f":: {name}\n" in pages[f"reference/api/{place(name)}.md"]
    assert f"[`{name}`]({place(name)}.md)" in pages["reference/api/index.md"]


def test_every_command_and_option_is_on_its_page(pages: Pages) -> None:
    page = pages["reference/command-line.md"]
    for name, command in commands():
        section = page.partition(f"## genopt {name}\n")[2].partition("\n## ")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert all(option in section for option in parameter.opts), (name, parameter.name)
            assert parameter.help, (name, parameter.name)


def test_every_agent_is_named_with_every_option_explained(pages: Pages) -> None:
    page = pages["reference/names.md"]
    assert [name for name in AGENTS if f"| `{name}` |" not in page] == []
    for name in AGENTS:
        section = page.partition(f"### Options of `{name}`\n")[2].partition("\n### ")[0]
        rows = {line.split(" | ")[0].strip("| `"): line for line in section.splitlines() if line.startswith("| `")}
        assert list(rows) == list(inspect.signature(agent_class(name)).parameters), name
        assert [row for row in rows.values() if not row.rstrip(" |").split(" | ")[-1].strip()] == [], name


def test_what_was_added_lately_is_there(pages: Pages) -> None:
    """Wrappers and adapters by their rooms' own lists, not by one that somebody has to think of."""
    index = pages["reference/api/index.md"]
    named = [*(f"genopt_gym.wrappers.{name}" for name in genopt_gym.wrappers.__all__), *training_names()]
    assert len(named) > 10
    assert [name for name in named if f"[`{name}`]" not in index] == []
    assert "`--workers N`" in pages["reference/command-line.md"]
    assert "ray: on a cluster" in pages["reference/command-line.md"]
    assert "bandit:hill-climbing" in pages["reference/names.md"]


def training_names() -> Iterator[str]:
    """Of the adapters for trainers: functions and classes that the guide or their own module's head name."""
    guide = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    for adapter in ("trl", "skyrl", "verifiers"):
        tree = ast.parse((ROOT / f"genopt_gym/training/{adapter}.py").read_text(encoding="utf-8"))
        words = guide + (ast.get_docstring(tree) or "")
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and re.search(rf"\b{node.name}\b[(`,]", words):
                yield f"genopt_gym.training.{adapter}.{node.name}"


def test_the_citation_is_that_of_the_repository(pages: Pages) -> None:
    page = pages["project/citing.md"]
    assert f"version = {{{VERSION}}}" in page
    assert "arXiv:2603.23994" in page
    assert page.count(" and ") >= 12


def test_writing_again_changes_nothing_and_removes_what_is_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genopt_docs.pages.generated_pages", lambda: [("reference/a.md", "a")])
    write_pages(tmp_path)
    (tmp_path / "reference" / "old.md").write_text("old")
    before = (tmp_path / "reference" / "a.md").stat().st_mtime_ns
    write_pages(tmp_path)
    assert [path.name for path in (tmp_path / "reference").iterdir()] == ["a.md"]
    assert (tmp_path / "reference" / "a.md").stat().st_mtime_ns == before
