"""Inputs: everything one run feeds, cut into batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.inputs.pictures import Pictures
    from bninspect.inputs.placeholders import Placeholder

    Feeds = dict[str, NDArray[Any]]


@frozen_dataclass
class Inputs:
    """Everything one run feeds, but for what decides the mode."""

    place: Placeholder | None
    """The image input; None where every input is fed by hand."""
    pictures: Pictures | None
    batch_size: int
    preset: str | None
    """None where the elements were not made by a preset: encoded files, random values of no image."""
    feeds: Feeds
    said: dict[str, float | bool | str]
    """What was fed by hand, as the report says it."""
    columns: tuple[tuple[Placeholder, Pictures], ...] = ()
    """Other inputs, and their rows, which belong to those of `pictures` one by one."""
    most_batches: int | None = None
    """None: as many as the images fill."""

    @property
    def elements(self) -> tuple[tuple[Placeholder, Pictures], ...]:
        """Every input that takes elements, and what they are: first the one that they are counted by."""
        if self.place is None or self.pictures is None:
            return ()
        return ((self.place, self.pictures), *self.columns)

    @property
    def names(self) -> frozenset[str]:
        """The tensors that are fed."""
        place = () if self.place is None else (self.place,)
        return frozenset(
            (*self.feeds, *(taken.name for taken in (*place, *(other for other, _ in self.columns))))
        )

    @property
    def count(self) -> int:
        """How many images are run; 0 where all is fed by hand."""
        count = 0 if self.pictures is None else self.pictures.count
        return count if self.most_batches is None else min(count, self.most_batches * self.batch_size)

    def batches(self, first: int = 0, last: int | None = None) -> Iterator[Feeds]:
        """What to feed, batch `first` to the one before `last` (None: all); one where all is fed by hand."""
        if self.place is None or self.pictures is None:
            yield self.feeds
            return
        end = self.count if last is None else min(last * self.batch_size, self.count)
        for start in range(first * self.batch_size, end, self.batch_size):
            stop = min(start + self.batch_size, self.count)
            yield {**self.feeds, self.place.name: self.pictures.batch(start, stop), **self.rows(start, stop)}

    def rows(self, start: int, stop: int) -> Feeds:
        """What the other inputs take beside images start to stop."""
        return {place.name: column.batch(start, stop) for place, column in self.columns}
