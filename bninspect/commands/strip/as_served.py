"""Whether a new model runs as its users will run it: TensorFlow's own settings, its graph optimizer on.

A comparison runs a graph as it is written. The optimizer rewrites it first, and on some graphs it does not
return: so it has a limit of time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import RunError
from bninspect.run.program import Program
from bninspect.run.running import Running, within
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef

    Array = NDArray[Any]

LEAST_SECONDS = 60.0
"""How long any model may take, however fast it is as it is written."""
_TIMES = 20.0
"""How many times as long as it takes as it is written."""
_TOLERANCE = 1e-2
"""Share of the largest value of an output: the optimizer folds constants and reorders sums, and a branch
mistaken for another is off by more.
"""


def run_as_served(
    graphdef: GraphDef,
    expected: Mapping[str, Array],
    feeds: Mapping[str, Array],
    seconds: float,
    allowed: Collection[str] = (),
) -> None:
    """Returns when the optimized graph gives what is expected of its outputs (`op:0` -> value).

    `seconds` is what the graph takes as it is written. Raises RunError if an op is refused, it fails, gives
    other values, or does not return in time.
    """
    step("running the new model as it will be served")
    limit = max(LEAST_SECONDS, _TIMES * seconds)
    names = list(expected)
    program = Program.as_served(graphdef, names, feeds, allowed)
    values = within(limit, lambda: _run(program, names, feeds))
    for name, value in zip(names, values, strict=True):
        if not _close(value, expected[name]):
            raise RunError(f"TensorFlow's graph optimizer makes {name} another value")


def _run(program: Program, names: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
    """The values. All of it is for one thread: to close a session waits for what still runs in it."""
    with Running(program) as running:
        return running.run(names, feeds)


def _close(value: Array, expected: Array) -> bool:
    """Whether a value is what it was, as far as reordered sums allow. Whole numbers may be ties of a maximum,
    and NaN comes out of reordered arithmetic elsewhere: of these the shape alone is compared.
    """
    if value.shape != expected.shape:
        return False
    if expected.dtype.kind != "f" or not np.isfinite(expected).all():
        return True
    difference = np.abs(value.astype(np.float64) - expected).max(initial=0.0)
    return bool(difference <= _TOLERANCE * np.abs(expected).max(initial=0.0))
