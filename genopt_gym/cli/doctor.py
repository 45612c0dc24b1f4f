"""``genopt doctor``: how artifact code is confined on this machine, witnessed, and what that leaves open."""

from __future__ import annotations

import tempfile

from rich.console import Console

from genopt_gym.cli.data import kaggle_tables
from genopt_gym.cli.tables import print_table
from genopt_gym.core.extras import EXTRAS, missing_modules
from genopt_gym.envs.bbeh.data import status as bbeh_questions
from genopt_gym.sandbox import confine
from genopt_gym.sandbox.selftest import PROBED, breaches
from genopt_gym.sandbox.tier import TIERS, VARIABLE, ConfinementError, choose
from genopt_gym.sandbox.zygote import Zygote

LAYERS = (
    ("rlimits", "memory, processor time, descriptors, core dumps; beside them: size and number of files, wall time"),
    ("Landlock", "reading files beyond the libraries, writing outside the scratch folder, TCP, signals"),
    ("seccomp", "sockets, processes, threads, exec, ptrace, links, chmod, mounts, io_uring, bpf: all not listed"),
)

OPEN = (
    "whether a path exists, and its size and times (stat)",
    "bugs of the kernel in the system calls that are allowed",
    "contention: artifact code can slow its neighbours on the same core, cache and disk",
)


def doctor() -> None:
    """Print it; ConfinementError if artifact code cannot be confined here."""
    console = Console()
    facts = confine.facts()
    names = {"landlock_abi": "Landlock ABI", "landlock_abi_known": "Landlock ABI known to genopt_gym"}
    rows = [[names.get(name, name.replace("_", " ")), str(value)] for name, value in facts.items()]
    print_table(console, ["fact", "this machine"], rows, numbers_from=2)
    print_table(console, ["layer", "what it stops"], [list(layer) for layer in LAYERS], numbers_from=2)
    tier = choose()
    if facts["landlock_abi"] == 0:
        print("missing: Landlock. Without it artifacts may open no file at all, so late imports fail.")
    print(f"\ntier {tier}" + (f" (from {VARIABLE})" if tier != facts["tier"] else ""))
    if not TIERS.find(tier).witnessed:
        print("Artifact code runs with your rights: it is held by memory and time limits only.")
    else:
        with tempfile.TemporaryDirectory(prefix="genopt-") as root:
            zygote = Zygote("bare", tier, root)
            found = breaches(zygote)
            zygote.close()
        for name in PROBED:
            print(f"  {'NOT DENIED' if name in found else 'denied':<10} {name}")
        if found:
            raise ConfinementError(f"an artifact could {', '.join(found)}; artifact code will not be run here")
    print("\nnot protected:")
    for line in OPEN:
        print(f"  - {line}")
    print("\nextras:")
    for extra in EXTRAS:
        missing = missing_modules(extra)
        state = f"missing {', '.join(missing)}: pip install 'genopt-gym[{extra}]'" if missing else "installed"
        print(f"  {extra:<10} {state}")
    print(f"\nBBEH questions: {bbeh_questions()}")
    for name, state in kaggle_tables().items():
        print(f"Kaggle table {name}: {state}")
