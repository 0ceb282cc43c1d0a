"""The two batches of the companion test: one image alone, and the same image with others beside it.

Copies of one image, found by content whatever their names, are no companions. Where there is one image only,
its companion is made of it: its values mirrored within their range and shuffled (seeded).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bninspect.inputs.inputs import Inputs
    from bninspect.inputs.pictures import Pictures

    Array = NDArray[Any]

_MOST = 4
"""Images in a batch of the test where the model leaves the number free."""
_SEED = 0
_SEARCHED = 64
"""How many images are looked through for companions."""


def batches_of(
    inputs: Inputs, size: int | None = None
) -> tuple[dict[str, Array], dict[str, Array], int, bool]:
    """What to feed for A and for B, how many images that is, and whether the companions were made. `size` is
    the number of images where the model leaves it free; None: a few.

    Raises RunError with the reason where there are no companions.
    """
    place, pictures = inputs.place, inputs.pictures
    if place is None or pictures is None:
        raise RunError("its inputs were fed by hand: which of their axes is the images' is not known")
    fixed = place.shape[0] if place.shape else None
    if fixed is None and any(value.ndim for value in inputs.feeds.values()):
        fixed = inputs.batch_size  # what is fed beside the images may have a row for each of them
    asked = fixed or size
    if asked == 1 or (place.dtype == "string" and not place.shape):
        raise RunError(f"{place.name} takes one image at a time")
    elements = _elements(pictures, inputs.count, fixed or inputs.batch_size)
    made = len(elements) == 1
    if made:
        if place.dtype == "string":
            raise RunError("one encoded image has nothing beside it; give several with --image")
        companion = made_companion(elements[0])
        if companion is None:
            raise RunError("one image of one colour has nothing to set beside it; give several with --image")
        elements.append(companion)
    count = asked or min(_MOST, len(elements))
    first, others = elements[0], elements[1:]
    rows = [first, *(others[index % len(others)] for index in range(count - 1))]
    dtype = object if place.dtype == "string" else first.dtype
    beside = {name: np.repeat(row, count, axis=0) for name, row in inputs.rows(0, 1).items()}
    alone, accompanied = (
        {**inputs.feeds, **beside, place.name: _stacked(batch, dtype)} for batch in ([first] * count, rows)
    )
    return alone, accompanied, count, made


def _elements(pictures: Pictures, count: int, size: int) -> list[Array]:
    """Images that differ in content: as many as a batch of the test takes, if there are so many."""
    found: list[Array] = []
    wanted = min(_MOST, size) if size > 1 else _MOST
    for start in range(0, min(count, _SEARCHED), size):
        batch = pictures.batch(start, min(start + size, count))
        found = distinct([*found, *batch])
        if len(found) >= wanted:
            break
    return found[:wanted]


def _stacked(rows: Sequence[Array], dtype: Any) -> Array:
    """The rows as one batch; encoded images stay objects."""
    batch = np.empty(len(rows), object) if dtype is object else np.stack(rows)
    if dtype is object:
        batch[:] = rows
    return batch


def distinct(elements: Sequence[Array]) -> list[Array]:
    """The elements without copies of one another, by content, in order."""
    found: dict[bytes, Array] = {}
    for element in elements:
        content = element if isinstance(element, bytes) else np.ascontiguousarray(element).tobytes()
        found.setdefault(content, element)
    return list(found.values())


def made_companion(image: Array) -> Array | None:
    """The image with its values mirrored within their range and shuffled; None where that is the image
    itself."""
    values = np.asarray(image)
    low, high = values.min(), values.max()
    mirrored = (low + (high - values)).astype(values.dtype).ravel()
    companion: Array = np.random.default_rng(_SEED).permutation(mirrored).reshape(values.shape)
    return None if np.array_equal(companion, values) else companion
