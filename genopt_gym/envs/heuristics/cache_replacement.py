"""CacheReplacement: which page to drop when a full cache needs room for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genopt_gym.core.artifact import Component
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import Metric
from genopt_gym.envs.heuristics.heuristic_task import MEMORY, HeuristicTask, structures_of
from genopt_gym.envs.heuristics.traces import RequestTrace, draw_trace

CONTRACT = f"""\
page is the number of the page that is requested now; it is not in the cache, which is full. cached lists the pages in
the cache, those longest unused first; an entry is a list of four integers: the page's number, how many requests ago it
was used last, how many requests ago it was loaded, and how often it was used since (its loading counts as 1).
recent lists the pages requested since the last call in their order, hits among them; page is the last of them.
Returns the number of the page in the cache that is dropped; page takes its place.
{MEMORY}"""

WORKFLOW = "def workflow(page, cached, recent):\n    return evict(page, cached, recent)\n"

STARTS = {
    "naive": """\
def evict(page, cached, recent):
    # First in, first out.
    loaded = [entry[2] for entry in cached]
    return cached[loaded.index(max(loaded))][0]
""",
    "stub": """\
def evict(page, cached, recent):
    return cached[-1][0]
""",
    "parametric": """\
from math import log


def evict(page, cached, recent):
    def worth(entry):
        number, unused, age, uses = entry
        return 0.1 * log(uses) - 0.1 * log(unused) - 0.5 * log(age) + 0.2 * uses / age

    page, *_ = min(cached, key=worth)
    return page
""",
    "working": """\
def evict(page, cached, recent):
    # The page with the fewest uses for each request since it was loaded (hyperbolic caching).
    return min(cached, key=lambda entry: entry[3] / entry[2])[0]
""",
}

SOURCES = {
    "floor": "the least recently used rule, which is 0 by definition",
    "reference": "Belady's optimum, which is 1 by definition and knows all requests to come",
}

SIZES = {"train": (12, 600), "validation": (24, 1500), "confirmation": (24, 1500), "test": (48, 4000)}
"""By split, pages in the cache and requests of a trace."""


class CacheReplacement(HeuristicTask):
    """Keep in a cache what will be asked for again; the artifact is the rule that drops a page.

    A trial is a trace of requests: Zipf with drift (few pages get most requests, and which ones changes), scans (runs
    over pages that are never asked for again), loops (rounds over slightly more pages than fit), and phases of all
    three. Test has larger caches and longer traces, and bursts (pages asked for a few times within a while), which no
    other split has. The score is where the hits lie between the least recently used rule (0) and Belady's optimum (1),
    which are both computed.

    >>> CacheReplacement().starting_artifact("one_function/stub").texts["evict"]
    'def evict(page, cached, recent):\\n    return cached[-1][0]\\n'
    """

    horizon = 40
    metric = Metric(
        "hits between those of the least recently used rule (0) and the optimum (1), mean over traces",
        *(-10, 1, 0, 1, None),
        sources=SOURCES,
    )
    decision = "the number of a page in cached"
    goal = """\
Write the replacement rule of a cache that holds a fixed number of pages: when a page is requested that is not in it,
another has to be dropped. As many requests as possible should find their page in the cache. The reward of a step is by
how many hits the requests up to the next decision exceed those that the least recently used rule has in them, as a
share of what the optimum gains on that rule in the whole trace; a trace's rewards add up to its score."""
    strategy = """\
Hint: pages differ in how often and how regularly they come back, and traces in whether the recent past tells; a rule
that finds out which kind of trace it sees can do better than any that always does the same."""
    distributions: Mapping[str, Sequence[str]] = {
        "train": ("Zipf with drift", "scans", "loops"),
        "validation": ("Zipf with drift", "scans", "loops", "mixture"),
        "test": ("Zipf with drift", "scans", "loops", "mixture", "bursts"),
    }
    structures = structures_of(Component("evict", "evict(page, cached, recent) -> int", CONTRACT), WORKFLOW, STARTS)

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**{"test_size": 25} | sizes)

    def start_episode(self, instance: Instance, slot: int) -> Cache:
        return Cache(draw_trace(self.distribution(instance), self.seed(instance), *SIZES[instance.split]))

    def returns(self) -> str:
        return "the number of a page in the cache"

    def staged(self, score: float) -> str:
        if score <= 0:
            return (
                "No more hits than the least recently used rule has: what was used just now is likely to be used again."
            )
        if score < 0.4:
            return "More hits than the least recently used rule; look at what pages that came back have in common."
        return "Much of what the optimum gains, which knows all requests to come."


class Cache:
    """A cache in front of a trace that is being played."""

    def __init__(self, trace: RequestTrace) -> None:
        self._trace = trace
        self._worth = max(1, trace.optimum - trace.lru[-1])
        self._entries: dict[int, list[int]] = {}
        """Page, time of last use, time of loading, uses; in the order of last use."""
        self.hits = 0
        self._position = 0
        self._play()

    def _play(self) -> bool:
        """Go on to the next request that needs room; False if there is none."""
        requests, entries, size = self._trace.requests, self._entries, self._trace.size
        self._since = self._position
        while self._position < len(requests):
            page, now = requests[self._position], self._position
            entry = entries.pop(page, None)
            if entry is not None:
                entry[1] = now
                entry[3] += 1
                entries[page] = entry
                self.hits += 1
            elif len(entries) < size:
                entries[page] = [page, now, now, 1]
            else:
                return True
            self._position += 1
        return False

    def observe(self) -> dict[str, Any]:
        now = self._position
        return {
            "page": self._trace.requests[now],
            "cached": [[page, now - used, now - loaded, uses] for page, used, loaded, uses in self._entries.values()],
            "recent": list(self._trace.requests[self._since : now + 1]),
        }

    def lacks(self, result: Any) -> str | None:
        if type(result) is int and result in self._entries:
            return None
        return "it is the number of a page in the cache"

    def step(self, action: int) -> tuple[float, bool]:
        """The reward is by how many hits the requests up to the next decision exceed those of the least recently used
        rule, as a share of what the optimum does in the whole trace. Before the first decision all rules hit alike."""
        del self._entries[action]
        start, hits = self._position, self.hits
        over = not self._play()
        lru = self._trace.lru
        return (self.hits - hits - (lru[self._position] - lru[start])) / self._worth, over
