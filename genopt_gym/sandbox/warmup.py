"""Exercise for the libraries of the ``data`` profile: what they import and build at first use, no fork has to do again.

It runs in the zygote, which holds no secrets, on rows made up here; it leaves no state behind that a result depends on.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

from genopt_gym.sandbox import arrays, capture


def exercise() -> None:
    """Send a frame, take it apart, fit a few small models, summarise them."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    rows = 24
    packed = arrays.pack(_table(rows))
    assert packed is not None
    frame = arrays.unpack(packed.code, memoryview(packed.data))
    target = np.arange(rows) % 2 == 0

    def texts() -> None:
        parts = frame["text"].str.split("/", expand=True)
        table = pd.get_dummies(frame.assign(first=parts[0])[["first", "flag", "text"]])
        table.reindex(columns=table.columns, fill_value=False)
        pd.concat([frame, frame]).select_dtypes("number").fillna(0.0).describe()
        frame["text"].map(frame["text"].value_counts()).fillna(0.0)
        frame.groupby("number").size()
        capture.capture((frame, target.repeat(capture.CAPTURE_BYTES)))

    def models() -> None:
        numbers = frame[["number"]]
        for model in (
            LogisticRegression(),
            Ridge(),
            DecisionTreeClassifier(random_state=0),
            RandomForestClassifier(2, random_state=0),
            RandomForestRegressor(2, random_state=0),
            HistGradientBoostingClassifier(max_iter=2, random_state=0),
        ):
            capture.capture(model.fit(numbers, target))
            model.predict(numbers)

    def pipelines() -> None:
        numbers = make_pipeline(SimpleImputer(), StandardScaler())
        columns = make_column_transformer((numbers, ["number"]), (OneHotEncoder(handle_unknown="ignore"), ["text"]))
        pipeline = make_pipeline(columns, LogisticRegression())
        pipeline.fit(frame, target).predict(frame)
        cross_val_score(pipeline, frame, target, cv=2)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in (texts, models, pipelines):
            _try(part)
    random.seed(0)
    np.random.seed(0)


def _try(part: Callable[[], None]) -> None:
    """A version of a library in which this fails can still be used: only its first call will be slower."""
    try:
        part()
    except Exception:
        pass


def _table(rows: int) -> Any:
    """Numbers, texts and truth values, some of them missing."""
    import pandas as pd

    return pd.DataFrame(
        {
            "number": [float(i % 7) for i in range(rows)],
            "text": [f"{'ab'[i % 2]}/{i % 3}" if i % 5 else None for i in range(rows)],
            "flag": pd.Series([i % 2 == 0 if i % 4 else None for i in range(rows)], dtype=object),
        }
    )
