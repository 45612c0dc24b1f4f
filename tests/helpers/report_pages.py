"""Pages of reports on runs that nobody made."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from genopt_gym.study.folder import run_path
from genopt_gym.study.records import Plan, RunRecord

DIFF = "--- start\n+++ best\n@@ -1,2 +1,2 @@\n def act(obs):\n-    return 0\n+    return '<script>'\n"


def save(study: Path, plan: Plan, records: Sequence[RunRecord]) -> str:
    """The page of these records."""
    from genopt_gym.study.reporting.report import save_report

    for record in records:
        folder = run_path(study, record.run.key)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "best.diff").write_text(DIFF)
        (folder / "config.json").write_text(json.dumps({"machine": {"platform": "Linux", "cores": 2}}))
    summary = save_report(study, plan, records, {})
    assert summary.page == study / "report" / "index.html"
    return summary.page.read_text(encoding="utf-8")


def text(page: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.S)).split())
