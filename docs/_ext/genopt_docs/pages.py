"""Every generated page, and how they are written."""

from __future__ import annotations

from pathlib import Path

GENERATED = ("environments", "reference", "project")
"""Folders of the site's sources that hold nothing else; git ignores them."""


def generated_pages() -> list[tuple[str, str]]:
    """Place, from the folder of the sources, and text of each; the same on a machine with others' data and without."""
    from genopt_docs.command_line import command_line_pages
    from genopt_docs.environments import environment_pages
    from genopt_docs.facts import without_data
    from genopt_docs.project import project_pages
    from genopt_docs.reference import reference_pages

    with without_data():
        return [*environment_pages(), *reference_pages(), *command_line_pages(), *project_pages()]


def write_pages(folder: Path) -> None:
    """Write what has changed, and remove what is no page any more."""
    wanted = set()
    for place, text in generated_pages():
        path = folder / place
        wanted.add(path)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in GENERATED:
        for path in (folder / name).rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
