"""Only a lock that another process holds is called one."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.locking import hold

IN_USE = "somebody is in there"


def test_who_comes_second_is_told(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open("w") as second:
        hold(first, tmp_path, UserError(IN_USE))
        with pytest.raises(UserError, match=IN_USE):
            hold(second, tmp_path, UserError(IN_USE))


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_any_other_refusal_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (tmp_path / "lock").open("w") as lock, pytest.raises(UserError, match="cannot be locked") as told:
        hold(lock, tmp_path, UserError(IN_USE))
    assert os.strerror(number) in str(told.value)
