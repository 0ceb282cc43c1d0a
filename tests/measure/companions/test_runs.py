"""What the companion test runs, what it tries where a run fails, and which tensor it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import RunError
from bninspect.measure.companions.companions import companion_test, judge
from tests.measure.companions.test_batches import inputs, numbers
from tests.support.reports import node, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Tensor
    from bninspect.measure.companions.companions import Run

    Array = NDArray[Any]

Y = tensor("y")


def noted(runs: list[list[float]], refused: Callable[[int], bool] = lambda count: False) -> Run:
    """A model whose outputs are the images; it notes what it is fed, and refuses batches of some sizes."""

    def run(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
        images = numbers(dict(feeds))
        runs.append(images)
        if refused(len(images)):
            raise RunError(f"not {len(images)}")
        return [feeds["image:0"]] * len(tensors)

    return run


def test_one_image_is_run_alone_twice_and_then_with_others() -> None:
    served: list[list[float]] = []
    control: list[list[float]] = []
    companion_test(noted(served), inputs([1, 2, 3]), [Y], noted(control))
    assert served == [[1, 1, 1], [1, 1, 1], [1, 2, 3]]
    assert control == [[1, 1, 1], [1, 2, 3]]


def test_without_a_control_none_is_run() -> None:
    found = companion_test(noted([]), inputs([1, 2, 3]), [Y])
    assert [one.control for one in found.outputs] == [None]
    assert (found.reason, found.images) == (None, 3)


def test_an_output_is_compared_once() -> None:
    label = node("label", "ArgMax")
    label.inputs = (Y,)
    found = companion_test(noted([]), inputs([1, 2, 3]), [Y, label.output(), tensor("z"), Y])
    assert [one.name for one in found.outputs] == ["y:0", "z:0"]


@pytest.mark.parametrize(
    ("images", "batch_size", "refused", "tried", "reason"),
    [
        (5, 5, {4}, [4, 5, 5, 5], None),
        (5, 8, {4}, [4, 5, 5, 5], None),
        (5, 3, {3}, [3, 3], "it could not be run in a batch of 3: not 3"),
        (5, 5, {4, 5}, [4, 5], "it could not be run in a batch of 4: not 4"),
        (5, 1, {4}, [4], "it could not be run in a batch of 4: not 4"),
    ],
    ids=["the size of the inputs", "as many as there are", "no more than a few", "neither", "one at a time"],
)
def test_a_model_that_does_not_run_is_tried_in_the_size_of_the_inputs(
    images: int, batch_size: int, refused: set[int], tried: list[int], reason: str | None
) -> None:
    ran: list[list[float]] = []
    given = inputs(range(images), batch_size=batch_size)
    found = companion_test(noted(ran, refused.__contains__), given, [Y])
    assert ([len(batch) for batch in ran], found.reason) == (tried, reason)


def test_a_control_that_does_not_run_counts_as_one() -> None:
    found = companion_test(noted([]), inputs([1, 2, 3]), [Y], noted([], lambda count: True))
    assert (found.outputs, found.reason) == ((), "it could not be run in a batch of 3: not 3")


@pytest.mark.parametrize(
    ("op", "port", "is_choice"),
    [
        ("ArgMax", 0, True), ("ArgMin", 0, True), ("ArgMaxV2", 0, True), ("TopK", 1, True),
        ("TopKV2", 1, True), ("TopK", 0, False), ("TopKV2", 0, False), ("Relu", 0, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("behind", ["", "Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "Neg"])
def test_places_are_judged_by_the_values(op: str, port: int, is_choice: bool, behind: str) -> None:
    """Also behind ops that hand them on, but no others."""
    choice = node("choice", op)
    choice.inputs = (Y, tensor("axis"))
    output = type(Y)(choice, port)
    if behind:
        handing = node("handing", behind)
        handing.inputs = (output,)
        output = handing.output()
    assert judge(output) == (Y if is_choice and behind != "Neg" else output)


@pytest.mark.parametrize("op", ["ArgMax", "Identity"])
def test_what_reads_nothing_is_judged_itself(op: str) -> None:
    alone = tensor("alone", op)
    assert judge(alone) == alone


def test_values_keep_the_type_that_the_model_gives() -> None:
    """Half precision rounds by more."""

    def half(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
        return [np.full((len(feeds["image:0"]), 2), 2.0, np.float16)]

    [found] = companion_test(half, inputs([1, 2, 3]), [Y]).outputs
    assert found.floor == 100 * float(np.finfo(np.float16).eps) * 2.0
