"""How many programs run at once on a machine: places that are taken and given back."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from genopt_gym.llm.places import RunningPlaces


def test_whoever_finds_no_place_waits_until_one_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def take() -> list[str]:
        told: list[str] = []
        first, second, third = ExitStack(), ExitStack(), ExitStack()
        for opened in (first, second):
            await RunningPlaces("assistant", 2).take(opened)
        await RunningPlaces("another", 1).take(third)

        async def wait() -> None:
            with ExitStack() as opened:
                await RunningPlaces("assistant", 2).take(opened)
                told.append("taken")

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.3)
        told.append("given back")
        first.close()
        await waiting
        for opened in (second, third):
            opened.close()
        return told

    assert asyncio.run(take()) == ["given back", "taken"]
