"""Whether one image's output depends on the images it shares a batch with, and whether two runs agree.

In inference mode an image is normalized with stored statistics, so its output is its own. Two batches of one
size are run, so that the same kernels round alike:

    A = [x, x, ..., x]     what x gives alone: copies of one image have that image's moments
    B = [x, y, z, ...]     the same image in the same place, with companions that differ from it

and the row of x is compared (`batches_of` makes them). A is run twice: what differs then is random. A
difference counts beyond the noise floor

    floor = max(RERUN * max|A - A'|, ROUNDING * machine epsilon * max|A|)

The same two batches in training mode are the control: companions that move nothing there prove nothing. It
makes a companion that was made of the one image there is sound as well: that is no photograph, and need not
be one, as an output that is its own moves for no companion whatever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import RunError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.search import way
from bninspect.measure.companions.batches import batches_of
from bninspect.statistics.distance import largest_difference, largest_magnitude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.graph import Tensor
    from bninspect.inputs.inputs import Inputs

    Array = NDArray[Any]

Run = Callable[["Sequence[Tensor]", "Mapping[str, Array]"], "list[Array]"]
"""(tensors to fetch, what to feed) -> their values, all in one session. Raises RunError."""

RERUN = 4.0
"""How many times the difference of two equal runs another difference must be to count."""
ROUNDING = 100.0
"""Machine epsilons of the largest value of the output that are rounding and no more."""
_CHOOSING = {"ArgMax": 0, "ArgMin": 0, "ArgMaxV2": 0, "TopK": 1, "TopKV2": 1}
"""Ops that give the places of values, and at which output: ties between values flip them for no reason."""
_HANDING_ON = ("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims")


@frozen_dataclass
class Dependence:
    """One output of one image: in two batches that differ in its companions, and in two equal ones."""

    name: str
    change: float
    """max |B - A| over the image's own row, in inference mode; inf where only one of them is finite."""
    rerun: float
    """max |A - A'| over the whole batch; 0 unless the model draws random numbers or the kernels race."""
    floor: float
    """Up to where a difference is noise."""
    size: float
    """max |A|."""
    control: float | None
    """The change in training mode; None where that was not run."""

    @property
    def share(self) -> float:
        """The change as a share of the output's size; inf where that is 0, and nothing to measure by."""
        size = max(self.size, self.floor)
        return self.change / size if size else float("inf")

    @property
    def random(self) -> bool:
        """Whether two runs of one feed differ by more than rounding."""
        return self.rerun * RERUN >= self.floor > 0

    @property
    def depends(self) -> bool:
        """Whether the companions move it, and not chance."""
        return self.change > self.floor and not self.random


@frozen_dataclass
class CompanionTest:
    """What the test found, or why there was none."""

    outputs: tuple[Dependence, ...] = ()
    images: int = 0
    """In each batch."""
    made: bool = False
    """Whether the companions were made of the one image there was."""
    reason: str | None = None
    """Why it could not be tested, or why what was seen says nothing; None where it was tested."""

    @property
    def dependent(self) -> tuple[Dependence, ...]:
        """The outputs that the companions move, the most moved first."""
        found = [output for output in self.outputs if output.depends]
        return tuple(sorted(found, key=lambda output: output.share, reverse=True))

    @property
    def random(self) -> tuple[Dependence, ...]:
        """The outputs that differ between two runs of one feed."""
        return tuple(output for output in self.outputs if output.random)


def companion_test(
    served: Run, inputs: Inputs, outputs: Sequence[Tensor], training: Run | None = None
) -> CompanionTest:
    """The test on the first image of the inputs.

    `served` runs the model as it serves when asked for inference: layers that the file fixes to training mode
    stay in it. `training` runs every layer in training mode, for the control. A model that does not run in
    the batch of the test is tested in one of the inputs' size.
    """
    tensors = tuple(dict.fromkeys(judge(tensor) for tensor in outputs))
    failure = ""
    for size in (None, min(inputs.batch_size, inputs.count)):
        try:
            alone, accompanied, count, made = batches_of(inputs, size)
        except RunError as error:
            return CompanionTest(reason=failure or str(error))
        try:
            values = [served(tensors, feeds) for feeds in (alone, alone, accompanied)]
            control = training and [training(tensors, feeds) for feeds in (alone, accompanied)]
        except RunError as error:
            failure = failure or f"it could not be run in a batch of {count}: {error}"
        else:
            break
    else:
        return CompanionTest(reason=failure)
    found = []
    for index, tensor in enumerate(tensors):
        pair = None if control is None else (control[0][index], control[1][index])
        compared = _compared(tensor.name, values[0][index], values[1][index], values[2][index], pair, count)
        if compared is not None:
            found.append(compared)
    return CompanionTest(
        outputs=tuple(found), images=count, made=made, reason=_inconclusive(found, count, control is not None)
    )


def judge(tensor: Tensor) -> Tensor:
    """The values behind an output that only says at which place the largest stand; else the output."""

    def before(at: Tensor) -> Tensor | None:
        return at.node.inputs[0] if at.node.op in _HANDING_ON and at.node.inputs else None

    for at in way(tensor, before):
        if _CHOOSING.get(at.node.op) == at.port and at.node.inputs:
            return at.node.inputs[0]
    return tensor


def _compared(
    name: str, first: Array, again: Array, accompanied: Array, control: tuple[Array, Array] | None, count: int
) -> Dependence | None:
    """One output; None where it has no row for each image, or its values are no real numbers, or the image's
    own are all nan, which nothing moves.
    """
    shapes = {first.shape, again.shape, accompanied.shape}
    if len(shapes) != 1 or first.ndim == 0 or first.shape[0] != count or first.dtype.kind not in "fiub":
        return None
    if first.size and np.isnan(np.asarray(first[0], np.float64)).all():
        return None
    size = largest_magnitude(first)
    rerun = largest_difference(first, again)
    epsilon = float(np.finfo(first.dtype).eps) if first.dtype.kind == "f" else 0.0
    return Dependence(
        name=name,
        change=largest_difference(first[0], accompanied[0]),
        rerun=rerun,
        floor=max(RERUN * rerun, ROUNDING * epsilon * size),
        size=size,
        control=None if control is None else largest_difference(control[0][0], control[1][0]),
    )


def _inconclusive(found: Sequence[Dependence], count: int, controlled: bool) -> str | None:
    """Why what was seen says nothing of the companions; None where it does."""
    if not found:
        return f"no output has a row of numbers for each of {count} images"
    if any(output.depends for output in found):
        return None
    if all(output.random for output in found):
        return "two runs on the same inputs differ already, so a change of the other images would not show"
    if controlled and not any((output.control or 0.0) > output.floor for output in found):
        return "the other images change nothing in training mode either"
    return None
