"""A stand-in for an assistant's command line: ``python assistant.py KIND`` answers its prompt in this way or that.

It knows CartPole: what it proposes depends on the prompt alone, so that the same prompt has the same answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

EDIT = "```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > {:.2f})\n```\n"
NOTES = "ASSISTANT_NOTES"
"""Environment variable: a folder in which it keeps the prompts that it was given."""
QUOTA = "ASSISTANT_QUOTA"
"""Environment variable: after so many prompts it answers no more."""


def main(kind: str, prompt: str) -> int:
    number = note(prompt)
    if number > int(os.environ.get(QUOTA, "1000")):
        return fail("exit")
    edit = EDIT.format(zlib.crc32(prompt.encode()) % 100 / 100 - 0.5)
    match kind:
        case "claude" | "cursor":
            usage = {"input_tokens": 3, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 20}
            told = {"usage": usage | {"output_tokens": 40}, "total_cost_usd": 0.01} if kind == "claude" else {}
            print(json.dumps({"type": "result", "is_error": False, "result": edit, "session_id": f"s{number}", **told}))
        case "codex":
            print(json.dumps({"type": "thread.started", "thread_id": "thread-1"}))
            print(json.dumps({"type": "item.completed", "item": {"type": "reasoning", "text": "I think."}}))
            print(json.dumps({"type": "item.completed", "item": {"type": "agent_message", "text": edit}}))
            usage = {"input_tokens": 123, "cached_input_tokens": 20, "output_tokens": 40}
            print(json.dumps({"type": "turn.completed", "usage": usage}))
        case "gemini":
            tokens = {"prompt": 123, "candidates": 30, "thoughts": 10, "total": 163}
            stats = {"models": {"a": {"tokens": tokens}, "b": {"tokens": {"prompt": 1, "candidates": 1}}}}
            print(json.dumps({"response": edit, "stats": stats}, indent=2))
        case "progress":
            print("Thinking about it ...\n  10 %\r  99 %\r", end="")
            print(f"\nworking {{not json\n{json.dumps({'answer': edit, 'used': {'in': 5, 'out': 6}})}\n")
        case "colours":
            print(f"\x1b]0;assistant\x07\x1b[1m\x1b[32m{edit}\x1b[0m\x1b[2K")
        case "windows":
            sys.stdout.buffer.write(edit.replace("\n", "\r\n").encode())
        case "silent":
            pass
        case "long":
            sys.stdout.write(edit + "x" * 10_000_000)
        case "helper":
            print(edit, flush=True)
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        case _:
            return fail(kind)
    return 0


def fail(kind: str) -> int:
    match kind:
        case "exit":
            print("the quota of this week is used up", file=sys.stderr)
            return 1
        case "logged-out":
            print("Invalid API key · Please run /login")
            return 1
        case "logged-out-json":
            print(json.dumps({"type": "result", "is_error": True, "result": "Not logged in. Run the login command."}))
        case "hangs":
            print("still thinking", flush=True)
            time.sleep(60)
        case "killed":
            os.kill(os.getpid(), 9)
        case "not-json":
            print("I would rather chat.")
    return 0


def note(prompt: str) -> int:
    """Keep the prompt; how many there are."""
    if NOTES not in os.environ:
        return 1
    folder = Path(os.environ[NOTES])
    number = len(list(folder.glob("*.txt"))) + 1
    if number > int(os.environ.get(QUOTA, "1000")):
        return number
    (folder / f"{number}.txt").write_text("\n".join([*sys.argv[2:], "--", prompt]), encoding="utf-8")
    return number


if __name__ == "__main__":
    files = [word.removeprefix("file=") for word in sys.argv if word.startswith("file=")]
    sys.exit(main(sys.argv[1], Path(files[0]).read_text(encoding="utf-8") if files else sys.stdin.read()))
