"""The two batches of the companion test: which images stand in which place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import RunError
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import Placeholder
from bninspect.measure.companions.batches import batches_of, made_companion
from tests.support.measuring import NOTHING
from tests.support.reports import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]


class Numbered:
    """Images of two values, the number of the image and 1; texts are encoded images. Notes what is asked."""

    recipe = None
    drawn = False

    def __init__(self, numbers: Sequence[Any]) -> None:
        self.names = tuple(map(str, numbers))
        self.count = len(numbers)
        self.asked: list[tuple[int, int]] = []
        self._numbers = numbers

    def batch(self, start: int, stop: int) -> Array:
        self.asked.append((start, stop))
        rows = self._numbers[start:stop]
        if isinstance(rows[0], bytes):
            return np.array(rows, object)
        return np.array([[row, 1.0] for row in rows], np.float32)

    def photo(self) -> None:
        return None


def inputs(
    numbers: Sequence[Any],
    shape: tuple[int | None, ...] | None = (None, 2),
    *,
    dtype: str = "float",
    batch_size: int = 32,
    **more: Any,
) -> Inputs:
    place = Placeholder(tensor=tensor("image"), dtype=dtype, shape=shape, has_default=False)
    more = {"feeds": {}, "columns": (), **more}
    return Inputs(
        place=place, pictures=Numbered(numbers), batch_size=batch_size, preset="raw", said={}, **more
    )


def numbers(batch: dict[str, Array]) -> list[float]:
    """The numbers of the images in a batch."""
    return [float(row[0]) for row in batch["image:0"]]


@pytest.mark.parametrize(
    ("images", "shape", "size", "accompanied"),
    [
        ([7, 8], (None, 2), None, [7, 8]),
        ([7, 8, 9], (None, 2), None, [7, 8, 9]),
        ([1, 2, 3, 4, 5, 6], (None, 2), None, [1, 2, 3, 4]),
        ([1, 2, 3, 4, 5, 6], (None, 2), 6, [1, 2, 3, 4, 2, 3]),
        ([1, 2], None, 3, [1, 2, 2]),
        ([1, 2, 3, 4, 5, 6], (5, 2), None, [1, 2, 3, 4, 2]),
        ([1, 2, 3], (2, 2), 3, [1, 2]),
        ([1, 1, 1, 2], (None, 2), None, [1, 2]),
    ],
    ids=[
        "two", "three", "four at most", "as many as asked for", "of unknown rank", "the model takes five",
        "the model takes two", "without copies",
    ],
)  # fmt: skip
def test_the_same_image_alone_and_with_others(
    images: list[int], shape: tuple[int | None, ...] | None, size: int | None, accompanied: list[float]
) -> None:
    alone, beside, count, made = batches_of(inputs(images, shape), size)
    assert numbers(beside) == accompanied
    assert numbers(alone) == [images[0]] * len(accompanied)
    assert (count, made) == (len(accompanied), False)
    assert alone["image:0"].dtype == np.float32


@pytest.mark.parametrize(
    ("images", "batch_size", "asked", "found"),
    [
        (range(9), 3, [(0, 3)], 3),
        (range(9), 2, [(0, 2)], 2),
        (range(9), 32, [(0, 9)], 4),
        (range(9), 1, [(0, 1), (1, 2), (2, 3), (3, 4)], 4),
        ([1] * 5 + [2], 2, [(0, 2), (2, 4), (4, 6)], 2),
        ([3] * 64 + [2], 32, [(0, 32), (32, 64)], 1),
        ([3] * 63 + [2], 32, [(0, 32), (32, 64)], 2),
    ],
    ids=["by threes", "by twos", "all at once", "one by one", "copies first", "not searched", "64th"],
)  # fmt: skip
def test_companions_are_looked_for_batch_by_batch(
    images: Sequence[int], batch_size: int, asked: list[tuple[int, int]], found: int
) -> None:
    given = inputs(images, batch_size=batch_size)
    _, beside, _, made = batches_of(given)
    assert isinstance(given.pictures, Numbered)
    assert given.pictures.asked == asked
    assert made is (found == 1)
    assert len(set(numbers(beside))) == max(found, 2)


def test_what_is_fed_beside_fixes_the_batch() -> None:
    """A value with axes may have a row for each image; a number may not."""
    other = Placeholder(tensor=tensor("other"), dtype="float", shape=(None, 2), has_default=False)
    columns = ((other, Numbered([10, 20, 30])),)
    given = inputs([1, 2, 3], batch_size=2, feeds={"rows:0": np.zeros((2, 1))}, columns=columns)
    alone, beside, count, _ = batches_of(given)
    assert count == 2
    assert numbers(beside) == [1, 2]
    for batch in (alone, beside):
        assert batch["rows:0"].shape == (2, 1)
        assert batch["other:0"].tolist() == [[10, 1], [10, 1]]
    larger = inputs([1, 2], batch_size=3, feeds={"rows:0": np.zeros((3, 1))})
    assert batches_of(larger)[2] == 3
    fixed = inputs([1, 2, 3], (2, 2), batch_size=3, feeds={"rows:0": np.zeros((2, 1))})
    assert batches_of(fixed)[2] == 2
    free = inputs([1, 2, 3], batch_size=2, feeds={"number:0": np.array(0.5)})
    assert batches_of(free)[2] == 2
    assert batches_of(free, 3)[2] == 3


def test_encoded_images_stay_bytes() -> None:
    alone, beside, count, made = batches_of(inputs([b"a", b"a", b"b"], (None,), dtype="string"))
    assert (alone["image:0"].tolist(), beside["image:0"].tolist()) == ([b"a", b"a"], [b"a", b"b"])
    assert alone["image:0"].dtype == object
    assert (count, made) == (2, False)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (inputs([1, 2], (1, 2)), "image:0 takes one image at a time"),
        (inputs([b"a", b"b"], (), dtype="string"), "image:0 takes one image at a time"),
        (inputs([b"a", b"a"], (None,), dtype="string"), "one encoded image has nothing beside it"),
        (inputs([1]), "one image of one colour has nothing to set beside it"),
        (NOTHING, "fed by hand"),
        (replace(inputs([1, 2]), place=None), "fed by hand"),
        (replace(inputs([1, 2]), pictures=None), "fed by hand"),
    ],
    ids=[
        "a batch of one", "one file at a time", "one file", "one colour", "by hand", "no place to feed",
        "nothing to feed",
    ],
)  # fmt: skip
def test_an_image_without_companions_is_refused(given: Inputs, reason: str) -> None:
    with pytest.raises(RunError, match=reason):
        batches_of(given)


ORDER = [5, 3, 4, 1, 2, 7, 6, 0]
"""0 to 7 mirrored and shuffled, the same whenever it is run."""


def test_a_made_companion_has_the_mirrored_values() -> None:
    """10, 12, 12, 12 within 10 to 12 become 12, 10, 10, 10, in another order."""
    made = made_companion(np.array([[10, 12], [12, 12]], np.uint8))
    assert made is not None
    assert sorted(made.ravel().tolist()) == [10, 10, 10, 12]
    assert made.shape == (2, 2)
    assert made.dtype == np.uint8
    whole = made_companion(np.arange(8, dtype=np.uint8))
    assert whole is not None
    assert whole.tolist() == ORDER
    _, beside, count, was_made = batches_of(inputs([5]))
    assert numbers(beside)[0] == 5
    assert sorted(beside["image:0"][1].tolist()) == [1, 5]
    assert (count, was_made) == (2, True)
