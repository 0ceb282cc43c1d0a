"""The door to pandas, which is used where it is installed and asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame


def frame(rows: Sequence[dict[str, Any]]) -> DataFrame:
    """The rows as a table, a column for each number or text, `own.score` for the score in `own`.

    Raises PackageError where pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise PackageError(
            "to_frame needs pandas, which is not installed: pip install pandas; to_dict gives the same rows"
        ) from None
    return pandas.json_normalize(list(rows))
