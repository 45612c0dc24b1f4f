"""``genopt data fetch``: get a competition's table with the user's own account, keep it with its checksum."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from genopt_gym.core.errors import UserError
from genopt_gym.envs.mlagentbench.data import (
    CHECKSUM,
    FILE,
    TABLES,
    VARIABLE,
    CompetitionTable,
    DataError,
    DataMissing,
    cache_folder,
    check,
    checksum,
    find,
)

SOURCES = ("kaggle", "openml")


def fetch(name: str, source: str | None = None, folder: Path | None = None) -> None:
    """Fetch a table, look at it, and put it where the tasks find it.

    Args:
        name: ``house-price`` or ``spaceship-titanic``.
        source: ``kaggle`` (the extra ``kaggle``, and an account that has joined the competition) or ``openml``
            (house prices only, no account); if left out, Kaggle.
        folder: where it goes; the cache folder if left out.

    Raises:
        UserError: there is no such table or source, or it could not be fetched.
    """
    if name not in TABLES:
        raise UserError(f"there is no table {name!r} to fetch; there are {', '.join(TABLES)}")
    table = TABLES[name]
    source = source or SOURCES[0]
    if source not in SOURCES:
        raise UserError(f"tables come from {' or '.join(SOURCES)}, not from {source!r}")
    target = (folder or cache_folder()) / table.name / FILE
    if target.is_file():
        check(table, target)
        print(f"{target} is there already, {_provenance(table, target)}")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as unchecked:
        path = Path(unchecked, FILE)
        (_from_kaggle if source == "kaggle" else _from_openml)(table, path)
        try:
            check(table, path)
        except DataError as error:
            raise UserError(f"what {source} sent is not the table {name}: {error}") from None
        # The checksum comes first: a table without one is not looked at as closely.
        target.with_name(CHECKSUM).write_text(f"{checksum(path)}  {FILE}\n", encoding="utf-8")
        path.replace(target)
    print(f"{target}: {_provenance(table, target)}")
    if folder is not None:
        print(f"It will be found with data_dir={folder} or {VARIABLE}={folder}")


def kaggle_tables() -> dict[str, str]:
    """By name, where a table lies, or what is to be done about it."""
    states = {}
    for name, table in TABLES.items():
        try:
            states[name] = str(find(table))
        except DataMissing:
            states[name] = f"missing: set {VARIABLE}, or `genopt data fetch {name}`"
        except DataError as error:
            states[name] = str(error)
    return states


def _provenance(table: CompetitionTable, path: Path) -> str:
    if checksum(path) == table.sha256:
        return "the very file that Kaggle hands out"
    return "not byte for byte the file that Kaggle hands out: scores may differ a little"


def _from_kaggle(table: CompetitionTable, path: Path) -> None:
    try:
        import kagglehub
    except ImportError:
        raise UserError(
            "fetching from Kaggle needs the extra kaggle: pip install 'genopt-gym[kaggle]'"
            + ("; or fetch from openml" if table.openml else "")
        ) from None
    try:
        found = kagglehub.competition_download(table.competition, path=FILE)
        shutil.copyfile(found, path)
    except Exception as error:  # whatever that library, or the network, makes of it
        raise UserError(
            f"Kaggle did not hand out {table.competition}: {_first_line(error)} (sign in with a Kaggle token, and join "
            f"the competition at https://www.kaggle.com/c/{table.competition})"
        ) from None


def _from_openml(table: CompetitionTable, path: Path) -> None:
    if table.openml is None:
        raise UserError(f"the table {table.name} is not on openml: fetch it from kaggle")
    try:
        from sklearn.datasets import fetch_openml
    except ImportError:
        raise UserError("fetching from openml needs the extra ml: pip install 'genopt-gym[ml]'") from None
    name, version = table.openml
    try:
        frame = fetch_openml(name=name, version=version, as_frame=True, parser="auto").frame
        frame.to_csv(path, index=False, na_rep="NA")
    except Exception as error:
        raise UserError(f"openml did not hand out {name}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else 'no reason given'}"
