"""Documents of the repository as pages: changelog, contributing, security, measurements, and how to cite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from genopt_docs.fingerprint import ROOT
from genopt_docs.links import RESULTS, relinked
from genopt_docs.markdown import code, listed

DOCUMENTS = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
CITING = """\
# Citing

If you use this suite, please cite it, and the paper whose questions it asks. `CITATION.cff` in the repository says
the same.

"""


def project_pages() -> Iterator[tuple[str, str]]:
    """Place and text of each page."""
    for name in DOCUMENTS:
        yield _copied(PurePosixPath(name), PurePosixPath("project") / name.lower())
    results = sorted((ROOT / RESULTS).glob("*.md"))
    for path in results:
        name = "index.md" if path.name == "README.md" else path.name
        place, text = _copied(RESULTS / path.name, PurePosixPath("project/measurements") / name)
        if name == "index.md":
            text += "\n" + listed(each.stem for each in results if each != path)
        yield place, text
    yield "project/citing.md", citing_page()


def _copied(origin: PurePosixPath, page: PurePosixPath) -> tuple[str, str]:
    return str(page), relinked((ROOT / origin).read_text(encoding="utf-8"), origin, page)


def citing_page() -> str:
    """BibTeX of the suite and of the paper, out of CITATION.cff."""
    import yaml

    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    [paper] = cited["references"]
    suite = _bibtex(
        "software",
        "genopt_gym",
        title=f"{{{cited['title']}}}",
        author=f"{{{cited['authors'][0]['name']}}}",
        version=cited["version"],
        year=paper["year"],
        license=cited["license"],
    )
    authors = " and ".join(f"{each['family-names']}, {each['given-names']}" for each in paper["authors"])
    article = _bibtex(
        "article",
        f"nie{paper['year']}understanding",
        title=f"{{{paper['title']}}}",
        author=authors,
        year=paper["year"],
        journal=f"arXiv preprint arXiv:{paper['url'].rpartition('/')[2]}",
        url=paper["url"],
    )
    return CITING + code(f"{suite}\n\n{article}", "bibtex")


def _bibtex(kind: str, key: str, **fields: object) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}"
