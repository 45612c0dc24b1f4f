"""Evaluator: artifact x instances -> trials and a score."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.collecting import without_collections
from genopt_gym.core.evidence import Failure, Instance, Trial, View
from genopt_gym.core.ledger import Budget, BudgetSpent, Ledger
from genopt_gym.core.task import CONFIRMATION, SPLITS, Task, TaskSpec
from genopt_gym.evaluation.cancellation import in_thread
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore, Store
from genopt_gym.evaluation.worker import Block, BlockResult
from genopt_gym.llm.client import Client
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings


@dataclass(frozen=True)
class Batch:
    """Instances of one split to evaluate together, and what is traced of them."""

    instances: Sequence[Instance]
    view: View | None = None


@dataclass(frozen=True)
class Evaluation:
    """Trials of one artifact on one batch.

    Attributes:
        trials: in the order of the instances.
        score: as the task scores a batch.
        window_score: the same from the traced windows alone.
    """

    trials: Sequence[Trial]
    score: float
    window_score: float

    @property
    def failure(self) -> Failure | None:
        """The first failure, if any."""
        return next((trial.failure for trial in self.trials if trial.failure), None)


class Evaluator:
    """Runs artifacts of one task on confined processes, and keeps the books.

    Args:
        spec: the task.
        splits: which splits may be asked for; whoever optimizes gets no ``test``.
        store: results of blocks by key; what is found there is not run again.
        budget: limits as in ``Budget``; or the budget of another evaluator, to be charged to the same ledger.
        client: asks the model that artifacts ask; ``None`` makes one within the budget.

    Copies of an evaluator are the evaluator itself: forks of an environment share workers, cache and ledger.
    """

    def __init__(
        self,
        spec: TaskSpec,
        *,
        splits: Sequence[str] = ("train", "validation"),
        store: Store | None = None,
        budget: Mapping[str, float] | Budget | None = None,
        client: Client | None = None,
    ) -> None:
        self.task: Task = spec.make()
        self.spec = spec if spec.sources else spec.dated()
        self.splits = tuple(splits)
        self.store: Store = MemoryStore() if store is None else store
        self.budget = budget if isinstance(budget, Budget) else Budget(budget or {}, Ledger())
        self.ledger = self.budget.ledger
        self.client = Client(self.budget) if client is None else client
        """Asks the model that artifacts ask."""
        self._models: dict[str, Client] = {}
        """By role: those who ask for an artifact, or judge its answers."""
        self._repeats: dict[str, int] = {}
        self._charged: set[str] = set()
        self._lock = threading.RLock()
        self._under_way: Counter[str] = Counter()
        """The most that evaluations of other threads may still spend."""

    def keep_in(self, store: Store, client: Client) -> None:
        """Keep results in ``store``, and ask models through ``client``; before the first evaluation.

        Raises:
            RuntimeError: something has been evaluated already, whose results would be lost.
        """
        if self._charged:
            raise RuntimeError("an evaluator takes its store before its first evaluation")
        self.store, self.client = store, client

    def evaluate(self, artifact: Artifact, what: str | Sequence[Instance], view: View | None = None) -> Evaluation:
        """Evaluate on a split, by name, or on given instances.

        Raises:
            ValueError: the split is not this evaluator's to see.
            BudgetSpent: the budget does not allow it; nothing was run.
            EvaluationError: the task's own code failed.
        """
        return self.evaluate_batches(artifact, [self._batch(what, view)])[0]

    async def aevaluate(
        self, artifact: Artifact, what: str | Sequence[Instance], view: View | None = None
    ) -> Evaluation:
        """``evaluate`` for asyncio: it runs in a thread; cancelling the task calls it off, and nothing is charged."""
        return await in_thread(self.evaluate, artifact, what, view)

    def evaluate_batches(self, artifact: Artifact, batches: Sequence[Batch]) -> list[Evaluation]:
        """Evaluate several batches at once, so that their blocks share the workers."""
        return self._evaluate([(artifact, batch) for batch in batches])

    def evaluate_many(self, candidates: Sequence[tuple[Artifact, str | Sequence[Instance]]]) -> list[Evaluation]:
        """Evaluate several artifacts side by side, each as ``evaluate`` would.

        Args:
            candidates: artifacts, each with a split by its name or with instances.

        Returns:
            Their evaluations, in this order.

        Raises:
            ValueError: a split is not this evaluator's to see.
            BudgetSpent: the budget does not allow all of them; nothing was run.
            EvaluationError: the task's own code failed.
        """
        return self._evaluate([(artifact, self._batch(what, None)) for artifact, what in candidates])

    def prefetch(self, candidates: Sequence[tuple[Artifact, Sequence[Batch]]]) -> None:
        """Run what will be asked for soon, so that it is found in the store then. It is charged when it is asked for.

        As many as the budget would allow in this order are run; none of a task whose scores differ from run to run.
        """
        wanted: dict[str, Block] = {}
        bound: Counter[str] = Counter()
        for artifact, batches in candidates:
            blocks = [block for batch in batches for block in self._blocks(artifact, batch)]
            if not self.task.deterministic or any(self._asks(block) for block in blocks):
                return
            with self._lock:
                new = {key: block for block in blocks if (key := self._key(block)) not in self._charged}
                bound += self._bound(new.values())
                most = self._under_way + bound
                try:
                    self.budget.check(trials=most["trials"], inner_steps=most["inner_steps"])
                except BudgetSpent:
                    break
                wanted |= {key: block for key, block in new.items() if self.store.get(key) is None}
        if wanted:
            answers = shared_pool().run(list(wanted.values()))
            with self._lock:
                for key, answer in zip(wanted, answers, strict=True):
                    self.store[key] = answer

    def _batch(self, what: str | Sequence[Instance], view: View | None) -> Batch:
        if isinstance(what, str):
            self._check_split(what)
            what = self.task.instances(what)
        return Batch(what, view)

    def _evaluate(self, candidates: Sequence[tuple[Artifact, Batch]]) -> list[Evaluation]:
        for split in {instance.split for _, batch in candidates for instance in batch.instances}:
            self._check_split(split)
        blocks = [block for artifact, batch in candidates for block in self._blocks(artifact, batch)]
        results = iter(self._results(blocks))
        evaluations = []
        for _, batch in candidates:
            trials: list[Trial] = []
            while len(trials) < len(batch.instances):
                trials += next(results).trials
            evaluations.append(self.pooled(trials))
        return evaluations

    def __deepcopy__(self, memo: dict[int, Any]) -> Evaluator:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"store": None, "client": Client(self.budget), "_models": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.store, self._lock = MemoryStore(), threading.RLock()

    def _check_split(self, split: str) -> None:
        if split not in (*SPLITS, CONFIRMATION):
            raise ValueError(f"no split {split!r}; there are {', '.join(SPLITS)}")
        if split not in self.splits:
            raise ValueError(f"the {split} split is hidden from this evaluator")

    def _blocks(self, artifact: Artifact, batch: Batch) -> list[Block]:
        """Cut a batch into near-equal blocks of at most the task's block size, and two at least."""
        n = len(batch.instances)
        count = max(-(-n // self.task.block_size), min(2, n))
        edges = [i * n // max(count, 1) for i in range(count + 1)]
        return [Block(self.spec, artifact.program, list(batch.instances[a:b]), batch.view) for a, b in pairwise(edges)]

    def _results(self, blocks: Sequence[Block]) -> list[BlockResult]:
        with self._lock:
            keys = [self._key(block) for block in blocks]
            by_key = dict(zip(keys, blocks, strict=True))
            # What a model was asked is recorded by the client; trials that ask one are run again, on the same replies.
            kept = {key for key, block in by_key.items() if not self._asks(block)}
            known = {key: _decoded(data) for key in kept if (data := self.store.get(key))}
            missing = {key: block for key, block in by_key.items() if key not in known}
            # What a resumed run finds in its store counts as when it was run: else a budget would be spent twice.
            new = {key: block for key, block in by_key.items() if key not in self._charged}
            bound = self._bound(new.values())
            if new:
                most = self._under_way + bound
                self.budget.check(trials=most["trials"], inner_steps=most["inner_steps"])
            self._under_way += bound
        try:
            answers = shared_pool().run(list(missing.values()), self._answer) if missing else []
        finally:
            with self._lock:
                self._under_way -= bound
        with self._lock:
            for key, answer in zip(missing, answers, strict=True):
                if key in kept:
                    self.store[key] = answer
                known[key] = _decoded(answer)
            for key, block in new.items():
                if key not in self._charged:  # by another thread, meanwhile
                    self._charge(block, known[key])
                    self._charged.add(key)
        return [known[key] for key in keys]

    def _charge(self, block: Block, result: BlockResult) -> None:
        steps = sum(trial.steps for trial in result.trials)
        self.ledger.charge(block.instances[0].split, len(result.trials), steps, result.seconds)

    def _key(self, block: Block) -> str:
        key = hashlib.sha256(msgspec.msgpack.encode(block)).hexdigest()[:32]
        if self.task.deterministic and not self._asks(block):
            return key
        self._repeats[key] = self._repeats.get(key, -1) + 1
        return f"{key}/{self._repeats[key]}"

    def _asks(self, block: Block) -> bool:
        return (block.program.asks_model and self.task.model is not None) or self.task.judge is not None

    def _answer(self, block: Block, instance: str, prompt: str, role: str) -> Future[Reply]:
        """The answer to a question of an artifact's; by instance, so that trials side by side are told apart."""
        model = self.task.judge if role == "judge" else self.task.model
        assert model is not None
        if role not in self._models:
            settings = Settings(base_url=model.base_url, concurrency=model.concurrency, prices=model.prices)
            self._models[role] = self.client.with_(settings)
        options = {} if model.temperature is None else {"temperature": model.temperature}
        request = Request(model.name, [{"role": "user", "content": prompt}], model.max_tokens, options)
        return self._models[role].submit(request, role, instance)

    def _bound(self, blocks: Collection[Block]) -> Counter[str]:
        """The most that these blocks can spend."""
        trials = sum(len(block.instances) for block in blocks)
        return Counter(trials=trials, inner_steps=sum(map(self._most_steps, blocks)))

    def _most_steps(self, block: Block) -> int:
        limit = block.view.step_limit if block.view else None
        return len(block.instances) * min(limit or self.task.max_inner_steps, self.task.max_inner_steps)

    def pooled(self, trials: Sequence[Trial]) -> Evaluation:
        """The evaluation that trials make together."""
        windows = [trial.within_window() for trial in trials]
        return Evaluation(trials, self.task.score(trials), self.task.score(windows))


def _decoded(data: bytes) -> BlockResult:
    """A result, without a collection on the way: its thousands of new objects hold no cycles."""
    with without_collections():
        return msgspec.msgpack.decode(data, type=BlockResult)
