"""What all reports of the API have in common: plain data, a table, a verdict.

A report holds no graph and no file: it is pickled, copied and taken apart by `dataclasses.asdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, overload

from bninspect.api.notebook import shown
from bninspect.errors import PackageError, SelectionError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.render.json import finite
from bninspect.render.line import Room

if TYPE_CHECKING:
    from pandas import DataFrame

    from bninspect.render.line import Item


class Named(Protocol):
    """What a layer and a measurement of it have in common."""

    @property
    def name(self) -> str:
        """The layer's name."""


Entry = TypeVar("Entry", bound=Named, covariant=True)


class Layers(tuple[Entry, ...]):
    """A tuple in graph order, of which an item is taken by its position or by the name of its layer."""

    __slots__ = ()

    @overload  # type: ignore[override]
    def __getitem__(self, key: int | str) -> Entry: ...

    @overload
    def __getitem__(self, key: slice) -> Layers[Entry]: ...

    def __getitem__(self, key: int | str | slice) -> Entry | Layers[Entry]:
        """Raises SelectionError, which is a LookupError, for a name that no layer has; IndexError."""
        if isinstance(key, str):
            return self._called(key)
        found = super().__getitem__(key)
        return Layers(found) if isinstance(key, slice) else found  # type: ignore[arg-type, return-value]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the layers."""
        return tuple(item.name for item in self)

    def _called(self, name: str) -> Entry:
        for item in self:
            if item.name == name:
                return item
        close = get_close_matches(name, self.names, n=3, cutoff=0.0)
        hint = f"the closest: {', '.join(close)}" if close else "there is no layer"
        raise SelectionError(f"no layer is called {name!r}; {hint}")


def said(items: Iterable[Item]) -> tuple[str, ...]:
    """The lines of a screen that say something, as a pipe shows them."""
    rows = (row for item in items for row in item.rows(Room(None)))
    lines = ("".join(text for text, _ in row).strip() for row in rows)
    return tuple(line for line in lines if line)


@frozen_dataclass(eq=False)
class Shown:
    """A report: its `repr` is the verdict, and a notebook shows the verdict above a table."""

    ROWS: ClassVar[str] = "layers"
    """Which list of the document is the table."""
    COLUMNS: ClassVar[Sequence[str]] = ()
    """What a notebook shows of a row: keys, with a dot between those of an inner record."""

    verdict: str
    """What the command says first, in one line."""
    document: dict[str, Any]
    """As `to_dict` gives it."""
    pictures: str = ""
    """HTML that a notebook shows above the table; empty where there is nothing to draw."""

    def to_dict(self) -> dict[str, Any]:
        """A copy of what `--format json` prints, as Python has it: numbers that are not finite are None."""
        document: dict[str, Any] = finite(deepcopy(self.document))
        return document

    def to_frame(self) -> DataFrame:
        """The rows of `to_dict` as a table, `own.score` for the score in `own`; a row for each layer, of a
        check for each finding. Raises PackageError where pandas is not installed.
        """
        return _frame(self.to_dict()[self.ROWS])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.verdict}>"

    def _repr_html_(self) -> str:
        return shown(self.verdict, self.pictures, self.to_dict()[self.ROWS], self.COLUMNS)


def _frame(rows: Sequence[dict[str, Any]]) -> DataFrame:
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
