"""What stays of tensors that were fetched whole, batch by batch: no model is run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.measure.outputs import cut, empty, kept, output_differences, seen_image
from bninspect.measure.passes import GAP, OUTPUT, GapSums, Passes
from bninspect.run.running import Wish
from bninspect.statistics.pooling import ImageMoments
from tests.support.reports import tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.run.running import Running

Y, Z = tensor("y"), tensor("z")
TRAINING, INFERENCE = Mode.TRAINING, Mode.INFERENCE


class Runs:
    """In place of TensorFlow: the values of each wish, batch by batch."""

    def __init__(self, *batches: dict[Any, Any]) -> None:
        self._batches = list(batches)
        self.lost: dict[Any, Any] = {}

    def values(self, wishes: list[Wish], feeds: object) -> dict[Wish, Any]:
        given = self._batches.pop(0)
        for wish in wishes:
            if wish.what not in given:
                self.lost[wish.fate] = SimpleNamespace(reason="it is dead")
        return {wish: given[wish.what] for wish in wishes if wish.what in given}


def ran(
    *batches: dict[Any, Any], keep: tuple[Any, ...] = (), images: int = 4, size: int = 2, fed: Any = None
) -> Passes:
    """Passes over these batches; each holds pairs of values by wish."""
    asked = dict.fromkeys(what for batch in batches for what in batch)
    found = Passes([Wish(what, (), what) for what in asked], keep, {})
    feeds = fed or [{} for _ in batches]
    given = SimpleNamespace(batches=lambda: iter(feeds), batch_size=size, count=images)
    both = SimpleNamespace(feeds=lambda values, served: values)
    found.run(cast("Running", Runs(*batches)), cast("BothModes", both), cast("Inputs", given))
    return found


def pair(training: Any, inference: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.asarray(training, np.float32), np.asarray(inference, np.float32)


ROWS = pair([[1, 2, 3], [4, 5, 6]], [[1, 2, 4], [4, 9, 6]])
WHAT = OUTPUT, Y


def test_an_output_is_compared_over_all_batches() -> None:
    found = ran({WHAT: ROWS}, {WHAT: ROWS})
    (one,) = output_differences([Y, Z], found, 4)
    assert one.name == "y:0"
    assert one.difference is not None
    assert (one.difference.values, one.difference.max_abs) == (12, 4.0)
    assert one.difference.top1_agreement == 0.5
    assert one.agreement is None
    assert one.top is not None
    assert [ranked.place for ranked in one.top.training] == [2, 1, 0]


@pytest.mark.parametrize(("images", "has_top"), [(0, True), (2, True), (3, False), (1, False)])
def test_the_largest_values_are_of_an_image_or_of_what_was_fed_by_hand(images: int, has_top: bool) -> None:
    (one,) = output_differences([Y], ran({WHAT: ROWS}), images)
    assert (one.top is not None) is has_top


def test_whole_numbers_are_compared_by_their_share() -> None:
    (one,) = output_differences([Y], ran({WHAT: (np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5]))}), 4)
    assert (one.difference, one.agreement) == (None, 0.75)


def test_an_output_without_values_is_said() -> None:
    found = ran({WHAT: pair(np.zeros((0, 3)), np.zeros((0, 3))), (OUTPUT, Z): ROWS})
    assert [one.name for one in output_differences([Y, Z], found, 4)] == ["z:0"]
    (gone,) = empty([Y, Z, tensor("other")], found)
    assert (gone.what, gone.reason) == ("y:0", "it is empty on these inputs")


def test_what_is_kept_is_joined_along_its_first_axis() -> None:
    found = ran(
        {WHAT: ROWS, (OUTPUT, Z): pair(1.0, 2.0)}, {WHAT: ROWS, (OUTPUT, Z): pair(3.0, 4.0)}, keep=(Y, Z)
    )
    whole = kept([Y, Z, tensor("other")], found)
    assert list(whole) == ["training/y:0", "training/z:0", "inference/y:0", "inference/z:0"]
    assert whole["training/y:0"].shape == (4, 3)
    assert whole["training/z:0"].tolist() == [1.0, 3.0]
    assert whole["inference/z:0"].tolist() == [2.0, 4.0]
    one = cut(Y, "3,:", found)
    assert (one.tensor, one.slice, one.training.tolist(), one.inference.tolist()) == (
        "y:0", "3,:", [4.0, 5.0, 6.0], [4.0, 9.0, 6.0],
    )  # fmt: skip
    assert kept([Y], ran({WHAT: ROWS}, keep=(Y,)))["training/y:0"] is ROWS[0]


@pytest.mark.parametrize(
    ("values", "images", "size", "has_row"),
    [
        (ROWS, 4, 2, True),
        (ROWS, 2, 3, True),
        (ROWS, 4, 3, False),
        (pair(1, 2), 4, 1, False),
        (pair([[1, 2]], [[1]]), 4, 1, False),
    ],
    ids=["a row for each", "fewer than a batch", "another number of rows", "a number", "of two shapes"],
)
def test_the_row_of_the_first_image(values: Any, images: int, size: int, has_row: bool) -> None:
    """Of the first batch alone, and a copy."""
    other = values[0] + 1, values[1] + 1
    found = ran({WHAT: values}, {WHAT: other}, images=images, size=size)
    assert (Y in found.first) is has_row
    if has_row:
        training, inference = found.first[Y]
        assert (training.tolist(), inference.tolist()) == (values[0][0].tolist(), values[1][0].tolist())
        assert training.base is None


def test_the_first_photo_with_its_rows() -> None:
    found = ran({WHAT: ROWS})
    photo = np.zeros((2, 2, 3))
    pictures = SimpleNamespace(photo=lambda: photo, names=("a.png", "b.png"))
    seen = seen_image([Y, Z], cast("Inputs", SimpleNamespace(pictures=pictures)), found)
    assert seen is not None
    assert (seen.source, seen.pixels) == ("a.png", photo)
    assert list(seen.outputs) == ["y:0"]
    nothing = SimpleNamespace(photo=lambda: None, names=("a",))
    for given in (nothing, None):
        assert seen_image([Y], cast("Inputs", SimpleNamespace(pictures=given)), found) is None


def test_progress_and_the_shapes_of_what_was_fed() -> None:
    """Batches of one shape are added up; another shape, and a value without axes, stands for itself."""
    feeds = [
        {"x:0": np.zeros((2, 3)), "n:0": np.zeros(()), "odd:0": np.zeros((2, 3))},
        {"x:0": np.zeros((1, 3)), "n:0": np.zeros(()), "odd:0": np.zeros((2, 4))},
    ]
    found = ran({WHAT: ROWS}, {WHAT: ROWS}, fed=feeds)
    assert found.shapes == {"x:0": (3, 3), "n:0": (), "odd:0": (2, 4)}
    told: list[tuple[int, int]] = []
    given = SimpleNamespace(batches=lambda: iter([{}, {}]), batch_size=2, count=3)
    both = SimpleNamespace(feeds=lambda values, served: values)
    runs = Runs({WHAT: ROWS}, {WHAT: ROWS})
    again = Passes([Wish(WHAT, (), WHAT)], (), {})
    again.run(
        cast("Running", runs), cast("BothModes", both), cast("Inputs", given), lambda *at: told.append(at)
    )
    assert told == [(0, 3), (2, 3)]


@pytest.mark.parametrize(
    ("parts", "images", "shape"),
    [
        ([(2, 9), (2, 9)], 4, (4, 9)),
        ([(4, 9), (4, 9)], 4, (4, 18)),
        ([(4, 9), (4, 9)], 0, (8, 9)),
        ([(2, 9)], 4, (2, 9)),
        ([(2, 9), (2, 4)], 4, None),
        ([(4, 9), (2, 9)], 4, None),
        ([], 4, None),
    ],
    ids=["a row an image", "two rows an image", "by hand", "fewer", "of two sizes", "uneven", "none"],
)
def test_moments_are_of_images(
    parts: list[tuple[int, int]], images: int, shape: tuple[int, int] | None
) -> None:
    """Images, and the values of a channel in each."""
    batches = [
        {("training", "bn"): (np.zeros((rows, 2)), np.ones((rows, 2)), np.array([values]))}
        for rows, values in parts
    ]
    found = ran(*batches).measured(TRAINING, "bn", images)
    assert (None if found is None else (found.images, found.values)) == shape
    assert ran(*batches).measured(INFERENCE, "bn", images) is None
    assert found is None or isinstance(found, ImageMoments)


def test_gaps_are_summed_up() -> None:
    found = ran({(GAP, "bn"): (1.0, -2.0, 4.0, 8.0, 4)}, {(GAP, "bn"): (3.0, -1.0, 4.0, 8.0, 4)})
    assert found.gaps["bn"] == GapSums(largest=3.0, squares=16.0, norm=32.0, size=8)


@pytest.mark.parametrize(
    ("sums", "largest"),
    [
        (GapSums(largest=2.0, squares=np.inf, norm=1.0, size=4), 2.0),
        (GapSums(largest=0.0, squares=np.nan, norm=1.0, size=4), np.nan),
        (GapSums(largest=0.0, squares=0.0, norm=1.0, size=4), 0.0),
    ],
    ids=["squares too large", "no numbers", "no gap"],
)
def test_the_largest_gap_is_told_if_it_is_known(sums: GapSums, largest: float) -> None:
    assert sums.gap().max_abs == pytest.approx(largest, nan_ok=True)
