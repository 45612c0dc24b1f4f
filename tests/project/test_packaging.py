"""What is said about versions, addresses and extras in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from genopt_gym.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[(?P<extras>[\w,-]+)\])?(>=(?P<floor>[\d.]+))?")


def required(*extras: str) -> Iterator[tuple[str, str | None]]:
    """Name and lowest version of what genopt_gym and these extras ask for, extras of extras included."""
    yield from named(PROJECT["dependencies"])
    for extra in extras:
        yield from named(PROJECT["optional-dependencies"][extra])


def named(requirements: list[str]) -> Iterator[tuple[str, str | None]]:
    for requirement in requirements:
        found = REQUIREMENT.match(requirement)
        assert found
        if found["name"] == PROJECT["name"]:
            for extra in found["extras"].split(","):
                yield from named(PROJECT["optional-dependencies"][extra])
        else:
            yield normal(found["name"]), found["floor"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def numbers(version: str) -> list[int]:
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (4 - len(parts))


def test_the_lowest_versions_are_those_that_are_tested() -> None:
    lowest = pins("constraints-min.txt")
    floors = {name: floor for name, floor in required("standard", "test") if floor is not None}
    assert {name: numbers(lowest[name]) for name in floors} == {name: numbers(floor) for name, floor in floors.items()}


def test_what_make_installs_is_pinned() -> None:
    pinned = pins("constraints.txt")
    assert [name for name, _ in required("all", "reasoning", "local", "dev", "docs") if name not in pinned] == []


@pytest.mark.parametrize("heavy", ["torch", "ray", "datasets", "imageio-ffmpeg", "trace-opt"])
def test_the_standard_extra_is_without_what_is_heavy(heavy: str) -> None:
    names = {name for name, _ in required("standard")}
    assert {"litellm", "pandas", "rliable", "gepa"} <= names
    assert heavy not in names
    assert heavy in {name for name, _ in required("all")}


def test_the_address_is_the_same_everywhere() -> None:
    repository = PROJECT["urls"]["Repository"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = (ROOT / "docs/start.md").read_text(encoding="utf-8")
    assert all(f"git clone {repository}\n" in text for text in (readme, start))
    assert all(url.startswith(repository) for name, url in PROJECT["urls"].items() if name != "Paper")
    assert PROJECT["urls"]["Paper"] in readme


def test_the_citation_names_this_version() -> None:
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_pythons_promised_are_those_tested() -> None:
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    tested = re.search(r"@:-([\d. ]+) min", (ROOT / ".ci/test-pythons").read_text(encoding="utf-8"))
    assert tested
    assert tested[1].split() == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
