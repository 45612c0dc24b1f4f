"""Take and score reference programs: ``python -m genopt_gym.baselines.references``.

``--write`` stores what comes out, ``--take RUN`` makes the best artifact of a run folder a reference. Take only texts
that quote nobody's data. To compare with what is stored: ``genopt verify --references``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from genopt_gym.baselines.references import Reference, reference, references, short_name, write_program
from genopt_gym.baselines.references.scoring import measure
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.core.task import TaskSpec
from genopt_gym.runs.folder import read_artifact, read_config, read_result

HERE = Path(__file__).parent


def take(run: Path) -> Reference:
    """The best artifact of a run, which becomes the reference of its id; it has to be scored yet."""
    config, result = read_config(run), read_result(run)
    id, start = config["run"]["id"], config["run"]["parameters"].get("start")
    if start is None:
        start = TaskSpec(config["spec"]["kwargs"]["task"], {}).load().default_start
    texts = read_artifact(run, result["best"])
    (HERE / "programs" / f"{short_name(id)}.txt").write_text(write_program(texts), encoding="utf-8")
    return Reference(id, start, result["best"], 0.0, [], config["spec"]["max_episode_steps"])


def store(scored: Reference) -> None:
    """Write ``scores.json``: this one, and the others as they stand."""
    path = HERE / "scores.json"
    known = references() if path.exists() else {}
    rows = [msgspec.to_builtins(one) for _, one in sorted((known | {scored.id: scored}).items())]
    write_atomically(path, ("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n").encode())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m genopt_gym.baselines.references", description=__doc__)
    parser.add_argument("ids", nargs="*", help="which; all if none is named")
    parser.add_argument("--write", action="store_true", help="store what comes out")
    parser.add_argument("--take", action="append", default=[], metavar="RUN", type=Path, help="a run folder")
    asked = parser.parse_args(arguments)
    taken = [take(run) for run in asked.take]
    for stored in taken or [reference(id) for id in asked.ids] or list(references().values()):
        try:
            now = measure(stored)
        except UserError as error:
            print(f"{stored.id}: skipped, {error}", flush=True)
            continue
        print(f"{stored.id:<42} {now.score!r:>22} over {len(now.scores)} trials", flush=True)
        if asked.write:
            store(now)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"references: {error}")
