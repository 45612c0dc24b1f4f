"""Sphinx's settings. `make docs` builds the site into build/docs; pages that are generated are told in docs/_ext."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from genopt_docs.facts import WITHOUT_DATA
from genopt_docs.fingerprint import fingerprint
from genopt_docs.reference import MOCKED

from genopt_gym.version import VERSION

os.environ |= WITHOUT_DATA
os.environ.setdefault("GENOPT_WORKERS", "2")

project, author, version = "genopt_gym", "genopt_gym contributors", VERSION
copyright = author
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "genopt_docs"]
exclude_patterns = ["_ext", "README.md"]
html_theme = "furo"
html_title = f"genopt_gym {VERSION}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Browsers ask for one in any case.
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sphinx = False

# Every link and every anchor within the site is checked; `make docs` makes an error of each warning.
myst_heading_anchors = 4
# Pictures as HTML too, where a document says how wide one is.
myst_enable_extensions = ["attrs_inline", "html_image"]
# Words in prose are no links, unless they are written as links.
myst_linkify_fuzzy_links = False

autodoc_mock_imports = MOCKED
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
# Attributes as a list in the text of their class: as entries of their own they would come twice.
napoleon_use_ivar = True

# Notebooks are run when they or the package have changed, and a cell that fails is an error.
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parents[1] / "build" / "notebooks" / fingerprint())
nb_execution_timeout = 1800
nb_execution_raise_on_error = True
nb_merge_streams = True
