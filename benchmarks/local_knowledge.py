"""What a study of ``local_knowledge.yaml`` found, in short: a table, and the model's replies with what became of them.

The replies are what a test replays: the scores follow from them, without the model.

    genopt study run benchmarks/local_knowledge.yaml --model local/PATH.gguf --workers 1 --out STUDY
    python benchmarks/local_knowledge.py STUDY
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from genopt_gym.core.journal import read_journal

RESULTS = Path(__file__).parent / "results"
HEAD = """\
# A small local model, with and without a disguise

Qwen2.5-Coder-1.5B-Instruct as GGUF, on two cores; [local_knowledge.yaml](../local_knowledge.yaml): CartPole from a
policy that acts at random, 5 edits a run, 2 seeds: too few for any conclusion.
`python benchmarks/local_knowledge.py STUDY` made this page; `local_knowledge.json` beside it holds all replies.

| agent | disguise | credit horizon | seed | validation of the start, best | test of the start, of the best | edits |
|---|---|---|---|---|---|---|
"""


def run_facts(folder: Path) -> dict[str, Any]:
    """One run: what it was, the replies in their order, and what each step came to."""
    config = json.loads((folder / "config.json").read_text())["run"]
    replies = folder / "replies.jsonl"
    rows = read_journal(replies)[0] if replies.exists() else []
    steps = read_journal(folder / "steps.jsonl")[0]
    options = {name: value for name, value in config["agent_options"].items() if name not in ("model", "base_url")}
    return {
        "agent": config["agent"],
        "options": options,
        "seed": config["seed"],
        "edits": config["edits"],
        "parameters": config["parameters"],
        "replies": [{"text": row["reply"]["text"], "finish": row["reply"]["finish"]} for row in rows if "reply" in row],
        "steps": [{name: step[name] for name in ("outcome", "score", "artifact")} for step in steps],
        "result": json.loads((folder / "result.json").read_text()),
    }


def line(run: dict[str, Any]) -> str:
    """A row of the table."""
    result, parameters = run["result"], run["parameters"]
    outcomes = Counter(step["outcome"] for step in run["steps"][1:])
    cells = [run["agent"], parameters.get("disguise"), parameters["credit_horizon"], run["seed"]]
    cells.append(f"{result['start_score']:.4g}, {result['validation_score']:.4g}")
    cells.append(f"{result['start_test_score']:.4g}, {result['test_score']:.4g}")
    cells.append(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    folders = sorted((parser.parse_args().study / "runs").iterdir())
    runs = [run_facts(folder) for folder in folders]
    (RESULTS / "local_knowledge.json").write_text(json.dumps(runs, indent=1) + "\n")
    asked = [run["result"] for run in runs if run["agent"] == "proposer"]
    better = sum(result["test_score"] > result["start_test_score"] for result in asked)
    found = (
        f"{better} of the model's {len(asked)} runs ended with a policy that scores more on test than the start does."
    )
    page = f"{HEAD}{chr(10).join(map(line, runs))}\n\n{found}\n"
    (RESULTS / "local_knowledge.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
