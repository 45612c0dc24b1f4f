"""One HTML document out of a template, its style, its scripts and its data. It fetches nothing and runs nothing else.

Data stand in elements of their own: small ones as JSON, large ones ("chunks") compressed and in base64, each unpacked
when somebody looks at it. A policy in the document's head lets only its own script run, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("page")
POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; "
    "connect-src {connect}; base-uri 'none'; form-action 'none'"
)


def as_json(value: Any) -> str:
    r"""JSON that may stand in a script element, whatever texts are in it.

    >>> as_json("</script>\u2028")
    '"\\u003c/script>\\u2028"'
    """
    # Numbers that are none would be no JSON.
    text = json.dumps(_finite(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def packed(data: bytes) -> str:
    """Compressed, in base64: what ``chunks`` of ``document`` hold."""
    return base64.b64encode(zlib.compress(data, 3)).decode()


def document(
    template: str,
    scripts: Sequence[str],
    title: str,
    data: Any,
    chunks: Iterable[tuple[str, str]] = (),
    live: bool = False,
) -> str:
    """The whole document.

    Args:
        template: a file of ``page/`` with the body; ``{{script}}`` and so on are filled, as in ``head.html``.
        scripts: files of ``page/``, run in this order within one function.
        title: of the window.
        data: what the script finds as ``DATA``.
        chunks: name and packed value.
        live: whether the page asks the server that it came from for what is new.
    """
    script = _script(tuple(scripts))
    style = _read("style.css")
    parts: Mapping[str, str] = {
        "policy": POLICY.format(style=_digest(style), script=_digest(script), connect="'self'" if live else "'none'"),
        "title": escape(title),
        "style": style,
        "script": script,
        "data": as_json(data),
        "chunks": "\n".join(
            f'<script type="application/octet-stream" data-chunk="{escape(name)}">{value}</script>'
            for name, value in chunks
        ),
    }
    # At once, so that nothing in a value is taken for a place of the template.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("head.html") + _read(template))


@cache
def _script(names: tuple[str, ...]) -> str:
    body = "\n".join(_read(name) for name in names)
    return f'"use strict";\n(() => {{\n{body}\n}})();\n'


@cache
def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finite(value: Any) -> Any:
    """Without infinities and NaN, which JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
