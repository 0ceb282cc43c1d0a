"""Every batch through both modes: what is summed up over the batches, and what is kept whole.

Memory is that of one batch: a tensor becomes sums (`compare.Meter`) unless it was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import Mode
from bninspect.errors import RunError
from bninspect.graphdef.writer import serialized
from bninspect.probe import safety
from bninspect.probe.compare import Meter
from bninspect.probe.runnable import runnable
from bninspect.probe.session import NoValueError, Session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.graphdef import Tensor
    from bninspect.probe.inputs import Inputs
    from bninspect.probe.runnable import Runnable, Switching

_MODES = (Mode.TRAINING, Mode.INFERENCE)


class Passes:
    """What is gathered over the batches: differences of every tensor, and some tensors whole."""

    def __init__(self, fetched: Sequence[Tensor], keep: Collection[Tensor]) -> None:
        self.fetched = tuple(fetched)
        self.meters: dict[Tensor, Meter] = {tensor: Meter() for tensor in fetched}
        self.whole: dict[tuple[Mode, Tensor], list[NDArray[Any]]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.incomparable: dict[Tensor, str] = {}
        self._keep = keep

    def run(self, report: Report, switched: Switching, inputs: Inputs, allowed: Collection[str]) -> None:
        """Every batch through both modes. Raises RunError, InputError."""
        modes = [runnable(report, switched, mode, self.fetched) for mode in _MODES]
        for one in modes:
            safety.check(one.program, allowed)
        with _Sessions() as sessions:
            for feeds in inputs.batches():
                self._note_shapes(feeds)
                values = [self._living(sessions, one, feeds) for one in modes]
                both = (tensor for tensor in self.fetched if all(tensor in living for living in values))
                self._take({tensor: (values[0][tensor], values[1][tensor]) for tensor in both})

    def _living(
        self, sessions: _Sessions, one: Runnable, feeds: Mapping[str, NDArray[Any]]
    ) -> dict[Tensor, NDArray[Any]]:
        """The values of one mode; a tensor without one in this mode is left out from here on."""
        while True:
            wanted = [tensor for tensor in self.fetched if tensor in self.meters or tensor in self._keep]
            try:
                return dict(zip(wanted, sessions.run(one, wanted, feeds), strict=True))
            except NoValueError as error:
                tensor = wanted[error.index]
                if tensor in self._keep:
                    raise RunError(f"{tensor.name} has no value in {one.mode.value} mode: {error}") from None
                self.incomparable[tensor] = f"no value in {one.mode.value} mode: {error}"
                del self.meters[tensor]

    def together(self, mode: Mode, tensor: Tensor) -> NDArray[Any]:
        """A kept tensor over all batches, joined along its first axis; one without axes stacked."""
        parts = self.whole[mode, tensor]
        if len(parts) == 1:
            return parts[0]
        return np.stack(parts) if parts[0].ndim == 0 else np.concatenate(parts)

    def _take(self, batch: Mapping[Tensor, tuple[NDArray[Any], NDArray[Any]]]) -> None:
        """One batch of both modes."""
        for tensor, (training, inference) in batch.items():
            reason = _incomparable(training, inference)
            if reason is not None:
                self.incomparable[tensor] = reason
                self.meters.pop(tensor, None)
            elif tensor in self.meters:
                self.meters[tensor].add(training, inference)
            if tensor in self._keep:
                self.whole.setdefault((Mode.TRAINING, tensor), []).append(training)
                self.whole.setdefault((Mode.INFERENCE, tensor), []).append(inference)

    def _note_shapes(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        """The shape of each feed, its batches added up."""
        for name, array in feeds.items():
            known = self.shapes.get(name)
            if known and array.ndim and known[1:] == array.shape[1:]:
                self.shapes[name] = (known[0] + array.shape[0], *known[1:])
            else:
                self.shapes[name] = array.shape


class _Sessions:
    """A session per program; modes that run the same program share one."""

    def __init__(self) -> None:
        self._open: list[tuple[Runnable, Session]] = []

    def run(
        self, one: Runnable, tensors: Sequence[Tensor], feeds: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """The values of the tensors in that mode, in order. Raises RunError, NoValueError."""
        nodes = one.program.nodes
        session = next((session for other, session in self._open if other.program.nodes == nodes), None)
        if session is None:
            session = Session(serialized(one.program))
            self._open.append((one, session))
        return session.run([one.names[tensor] for tensor in tensors], {**feeds, **one.feeds})

    def __enter__(self) -> _Sessions:
        return self

    def __exit__(self, *ending: object) -> None:
        for _, session in self._open:
            session.close()


def _incomparable(training: NDArray[Any], inference: NDArray[Any]) -> str | None:
    """Why two values cannot be subtracted, or None."""
    if training.dtype.kind not in "fiub" and training.dtype.name != "bfloat16":
        return f"its values are no real numbers ({training.dtype})"
    if training.shape != inference.shape:
        return f"its shape depends on the mode: {list(training.shape)}, {list(inference.shape)}"
    return None
