"""The extension that writes what can be generated: environments, reference, and the documents of the repository.

The pages lie in folders that git ignores (``GENERATED``). They are written before Sphinx looks for documents, and only
where their text has changed, so that a second build is quick.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from genopt_docs.links import relinked

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", _write)
    app.connect("source-read", _relink)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx) -> None:
    from genopt_docs.pages import write_pages

    write_pages(Path(app.srcdir))


def _relink(app: Sphinx, name: str, source: list[str]) -> None:
    """Links of hand-written pages that leave the folder lead to what the site has of their target."""
    page = PurePosixPath(name).with_suffix(Path(app.env.doc2path(name)).suffix)
    source[0] = relinked(source[0], PurePosixPath("docs") / page, page)
