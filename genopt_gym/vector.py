"""What ``gym.make_vec`` makes of the suite's ids: environments of one process that step at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import iterate

from genopt_gym.evaluation.cancellation import Cancellation

ENTRY_POINT = "genopt_gym.env:OptimizationEnv"


class OptimizationVectorEnv(SyncVectorEnv):
    """Gymnasium's ``SyncVectorEnv``, whose environments are reset and stepped side by side, in threads.

    Their evaluations share this process's workers. ``gym.make_vec(id, n)`` makes one; with ``wrappers=`` or
    ``vectorization_mode="sync"`` Gymnasium makes its own, whose environments step one after the other.

    Args:
        num_envs: how many environments.
        task: ``module:Class`` of the task.
        autoreset_mode: ``NextStep``, ``SameStep`` or ``Disabled``.
        **parameters: of each environment, as for ``gym.make``.

    >>> envs = gym.make_vec("GenOpt/Control-CartPole-v0", 2, start="one_function/naive")
    >>> observations, infos = envs.reset(seed=0)
    >>> envs.step(({}, {}))[4]["outcome"].tolist()
    ['unchanged', 'unchanged']
    >>> envs.close()
    """

    def __init__(
        self,
        num_envs: int,
        task: str,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        **parameters: Any,
    ) -> None:
        spec = _spec(task)
        super().__init__([partial(_make, spec, parameters)] * num_envs, autoreset_mode=autoreset_mode)
        self._ready: list[_ReadyEnv] = [env for env in self.envs if isinstance(env, _ReadyEnv)]
        self._threads = ThreadPoolExecutor(num_envs, thread_name_prefix="genopt-env")

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As ``SyncVectorEnv.reset``."""
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed or [None] * self.num_envs
        mask = (options or {}).get("reset_mask", [True] * self.num_envs)
        passed_on = None if options is None else {name: v for name, v in options.items() if name != "reset_mask"}
        if len(seeds) == len(mask) == self.num_envs:  # else it is refused below
            calls = [partial(env.reset_now, seed=seeds[i], options=passed_on) for i, env in enumerate(self._ready)]
            self._run([call if mask[i] else None for i, call in enumerate(calls)])
        return super().reset(seed=seed, options=options)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As ``SyncVectorEnv.step``.

        Raises:
            gymnasium.error.ResetNeeded: an episode has ended, and ``autoreset_mode`` is ``Disabled``.
            ValueError: there are more or fewer actions than environments.
        """
        mode = self.autoreset_mode
        ended = [i for i in range(self.num_envs) if self._autoreset_envs[i] and mode != AutoresetMode.SAME_STEP]
        if ended and mode == AutoresetMode.DISABLED:
            raise gym.error.ResetNeeded(f"the episodes of environments {ended} have ended: reset these first")
        calls: list[Callable[[], list[Any]]] = []
        for i, (env, action) in enumerate(zip(self._ready, iterate(self.action_space, actions), strict=True)):
            calls.append(
                env.reset_now if i in ended else partial(env.step_now, action, mode == AutoresetMode.SAME_STEP)
            )
        self._run(calls)
        return super().step(actions)

    def close_extras(self, **arguments: Any) -> None:
        """Close the environments."""
        super().close_extras(**arguments)
        self._threads.shutdown()

    def _run(self, calls: Iterable[Callable[[], list[Any]] | None]) -> None:
        """Make these calls at the same time, and leave their results where the base class then asks for them."""
        cancellation = Cancellation()

        def cancellable(call: Callable[[], list[Any]]) -> list[Any]:
            with cancellation.applied():
                return call()

        under_way: dict[Future[list[Any]], _ReadyEnv] = {}
        try:
            for env, call in zip(self._ready, calls, strict=True):
                env.results.clear()
                if call is not None:
                    under_way[self._threads.submit(cancellable, call)] = env
            wait(under_way)
        except BaseException:  # an interrupt: nobody will ask for any of it
            cancellation.cancel()
            wait(under_way)
            raise
        for future, env in under_way.items():
            env.results.extend(future.result())


class _ReadyEnv(gym.Wrapper[Any, Any, Any, Any]):
    """An environment that returns what its calls have given already, in another thread."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.results: deque[Any] = deque()

    def step_now(self, action: Any, resets: bool) -> list[Any]:
        """Step, and reset too if the episode has ended and that is wanted."""
        step = self.env.step(action)
        return [step, self.env.reset()] if resets and (step[2] or step[3]) else [step]

    def reset_now(self, **arguments: Any) -> list[Any]:
        return [self.env.reset(**arguments)]

    def step(self, action: Any) -> Any:
        return self.results.popleft()

    def reset(self, **arguments: Any) -> Any:
        return self.results.popleft()


def _make(spec: EnvSpec, parameters: dict[str, Any]) -> _ReadyEnv:
    return _ReadyEnv(gym.make(spec, **parameters))


def _spec(task: str) -> EnvSpec:
    """Of the id that is registered for this task; Gymnasium does not say which one was asked for."""
    for spec in gym.registry.values():
        if spec.entry_point == ENTRY_POINT and spec.kwargs.get("task") == task:
            return spec
    return EnvSpec("GenOpt/Own-v0", ENTRY_POINT, kwargs={"task": task})
