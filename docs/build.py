"""``make docs``: build the site into build/docs; every warning is an error.

``--quick`` runs no notebook, and builds into build/quick: the two do not undo each other's work.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("sphinx", "furo", "myst_nb", "ipykernel", "genopt_gym")


def main(arguments: list[str]) -> int:
    """Exit code: 0 if the site stands, 1 if something in it is wrong, 2 if what builds it is missing."""
    if missing := [name for name in MODULES if importlib.util.find_spec(name) is None]:
        print(f"docs: the site needs {' and '.join(missing)}: pip install -e '.[docs]'", file=sys.stderr)
        return 2
    if unknown := set(arguments) - {"--quick"}:
        print(f"docs: there is no {' and no '.join(sorted(unknown))}; there is --quick", file=sys.stderr)
        return 2
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    from genopt_docs.fingerprint import STAMP, sources
    from sphinx.cmd.build import main as build

    os.chdir(ROOT)
    quick = "--quick" in arguments
    site = Path("build/quick" if quick else "build/docs")
    made_from, stamp = sources(), site / STAMP
    # After a build that was cut off or had a warning all is read again: Sphinx would not repeat the warning.
    anew = [] if stamp.is_file() else ["-E", "-a"]
    stamp.unlink(missing_ok=True)
    notebooks = ["-D", "nb_execution_mode=off"] if quick else []
    settings = ["-b", "html", "-W", "--keep-going", "-q", "-d", f"{site}-doctrees", *anew, *notebooks]
    code = build([*settings, "docs", str(site)])
    if code == 0:
        stamp.write_text(made_from)
        print(f"docs: {site}/index.html")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
