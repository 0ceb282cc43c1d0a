"""Whether a stripped model gives what the original gives, fed for the same mode.

Both are fed the same: what the user gives, and seeded values made up for the rest. In the original, what
decides the mode is fed, a constant too, so that a mode that the file never serves can be had. A layer that
was flipped has no such mode in the original: there its output is taken from the new graph, so that all around
it is compared, and the layer itself is compared with its formula. Compared are the outputs of the model and
of its layers, with the tolerance of `verify.apart`; random ops have the same seeds in both.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import Mode
from bninspect.errors import BninspectError, RunError
from bninspect.graphdef.writer import serialized
from bninspect.probe import feeds, safety, session
from bninspect.probe.by_formula import flipped_layers
from bninspect.probe.facts import Verification
from bninspect.probe.inputs import Request, bind
from bninspect.probe.invented import BATCH, invented
from bninspect.probe.placeholders import image_input, placeholders
from bninspect.probe.program import needed
from bninspect.probe.runnable import dtype_of_source, in_loops, sent_to_training_by, unfetchable
from bninspect.probe.seeds import seeded
from bninspect.probe.session import NoValueError, Session
from bninspect.probe.verify import apart, drawn_inside_functions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graphdef import Node, Tensor
    from bninspect.probe.by_formula import Flipped
    from bninspect.rewrite.strip import Stripped

    Array = NDArray[Any]
    Feeds = dict[str, Array]


class _ImpossibleError(BninspectError):
    """The two cannot be compared, and why."""


class _BrokenError(BninspectError):
    """The original runs, and the new graph does not."""


def verify_stripped(
    stripped: Stripped, mode: Mode, request: Request | None = None, allowed: Collection[str] = ()
) -> Verification:
    """`verified` with the greatest difference at any output, `differs`, or `impossible` with the reason.

    Raises InputError and SelectionError where the request does not fit the model.
    """
    request = request or Request()
    try:
        session.require()
        decided = _decided(stripped, mode)
        flipped = flipped_layers(stripped, mode)
        if isinstance(flipped, str):
            raise _ImpossibleError(flipped)
        tensors = _compared_tensors(stripped)
        batches = _batches(stripped, request, decided)
        return _compared(stripped, tensors, flipped, batches, decided, allowed)
    except _BrokenError as error:
        return Verification(state="differs", reason=str(error))
    except (_ImpossibleError, RunError) as error:
        return Verification(state="impossible", reason=str(error))


def _decided(stripped: Stripped, mode: Mode) -> Feeds:
    """What to feed the original, so that it serves the mode."""
    found: dict[Tensor, bool] = {}
    for layer in stripped.report.layers:
        if layer.switch is None or layer.branch(mode) is None:
            continue
        source = layer.switch.decided_by
        value = sent_to_training_by(layer) == (mode is Mode.TRAINING)
        if found.setdefault(source, value) != value:
            raise _ImpossibleError(
                f"no value of {source.name} serves {mode.value} to all layers of the original at once"
            )
    hidden = next((source for source in found if unfetchable(source)), None)
    if hidden is not None:
        raise _ImpossibleError(f"what decides, {hidden.name}, is inside a function")
    return {source.name: np.asarray(value, dtype_of_source(source)) for source, value in found.items()}


def _compared_tensors(stripped: Stripped) -> dict[Tensor, str]:
    """The outputs of the model and of its layers -> their names in the new graph, where both can be
    fetched.
    """
    report, loops = stripped.report, in_loops(stripped.report)
    names = {tensor: stripped.pruned.names[tensor] for tensor in report.outputs}
    for layer in report.layers:
        place = stripped.place(layer.output)
        if place is not None:
            names.setdefault(layer.output, place)
    unsure = drawn_inside_functions(report, tuple(names))
    fetched = {
        tensor: name
        for tensor, name in names.items()
        if unfetchable(tensor) is None and tensor.node not in loops and tensor not in unsure
    }
    if not fetched.keys() & set(report.outputs):
        first = report.outputs[0]
        why = unfetchable(first) or "it depends on numbers drawn inside a function"
        raise _ImpossibleError(f"{first.name} cannot be compared: {why}")
    return fetched


def _batches(stripped: Stripped, request: Request, decided: Feeds) -> Iterator[Feeds]:
    """What to feed the original, but for what decides, batch by batch.

    Raises InputError and SelectionError for what the user gives.
    """
    graph, layers = stripped.report.graph, stripped.report.layers
    fed, _ = feeds.parse(graph, request.feeds)
    nodes = _reached(stripped, {name.rpartition(":")[0] for name in (*fed, *decided)})
    try:
        places = placeholders(graph, nodes)
    except BninspectError as error:
        raise _ImpossibleError(str(error)) from error
    others = [place for place in places if place.name not in decided and place.name not in fed]
    image = None
    if request.images or request.random is not None or request.input is not None:
        image = image_input(graph, others, layers, request.input, any_rank=not request.images)
    free = [place for place in others if not place.has_default and place != image]
    if image is not None and request.batch_size is None and not (image.shape and image.shape[0]):
        request = replace(request, batch_size=1 if free else BATCH)
    try:
        made = invented(graph, free, layers, request)
    except BninspectError as error:
        raise _ImpossibleError(str(error)) from error
    inputs = bind(graph, nodes, layers, request, {*decided, *made})
    return ({**made, **batch} for batch in inputs.batches())


def _reached(stripped: Stripped, fed: Collection[str]) -> set[Node]:
    """The nodes that the outputs depend on, as far as those of which a tensor is fed, and these."""
    stack = [tensor.node for tensor in stripped.report.outputs]
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node.name not in fed:
                stack.extend(tensor.node for tensor in node.inputs)
                stack.extend(node.controls)
    return seen


def _compared(
    stripped: Stripped,
    tensors: Mapping[Tensor, str],
    flipped: Sequence[Flipped],
    batches: Iterator[Feeds],
    decided: Feeds,
    allowed: Collection[str],
) -> Verification:
    """Every batch in both, tensor by tensor."""
    largest = None
    with _Pair(stripped, tensors, flipped, decided, allowed) as pair:
        for batch in batches:
            for tensor, own, original in pair.run(batch):
                if original.dtype.kind == "f" and not np.isfinite(original).any():
                    continue
                difference, allowance = apart(own, original)
                if difference > allowance:
                    reason = f"{tensor} differs by {difference:.3g} from the original"
                    return Verification(state="differs", max_abs=difference, tensor=tensor, reason=reason)
                largest = max(largest or 0.0, difference)
    if largest is None:
        raise _ImpossibleError(
            "the original gives no finite value to compare with; give it others: --image, --feed"
        )
    return Verification(state="verified", max_abs=largest)


class _Pair:
    """Both programs, each in a session of its own from the first run on."""

    def __init__(
        self,
        stripped: Stripped,
        tensors: Mapping[Tensor, str],
        flipped: Sequence[Flipped],
        decided: Feeds,
        allowed: Collection[str],
    ) -> None:
        self._tensors = {tensor.name: name for tensor, name in tensors.items()}
        self._flipped = flipped
        self._decided = decided
        self._allowed = allowed
        self._new = seeded(stripped.pruned.graphdef)
        self._held = {node.name for node in self._new.nodes}
        self._original = seeded(needed(stripped.report.graph.graphdef, [*self._tensors, *decided]))
        self._sessions = ExitStack()
        self._ours: Session | None = None
        self._theirs: Session | None = None

    def __enter__(self) -> _Pair:
        return self

    def __exit__(self, *error: object) -> None:
        self._sessions.close()

    def run(self, batch: Feeds) -> Iterator[tuple[str, Array, Array]]:
        """(tensor, its value in the new graph, what it has to be) of one batch.

        Raises _ImpossibleError where the original does not run, _BrokenError where the new graph alone does
        not.
        """
        own: dict[str, Array] = {}
        failure: BninspectError | None = None
        try:
            own = self._run_ours(batch)
        except BninspectError as error:
            failure = error
        given = {one.original: own[one.output] for one in self._flipped if one.output in own}
        try:
            original = self._run_theirs({**batch, **self._decided, **given})
        except BninspectError as error:
            raise _ImpossibleError(_neither(error, failure)) from error
        if failure is not None:
            raise _BrokenError(f"the new model does not run: {_told(failure)}") from failure
        for one in self._flipped:
            yield one.original, own[one.output], one.expected(own)
        for tensor, value in original.items():
            yield tensor, own[self._tensors[tensor]], value

    def _run_ours(self, batch: Feeds) -> dict[str, Array]:
        """Every tensor compared, by its name in the new graph."""
        if self._ours is None:
            safety.check(self._new, self._allowed)
            self._ours = self._sessions.enter_context(Session(serialized(self._new)))
        names = list(
            dict.fromkeys((*self._tensors.values(), *(name for one in self._flipped for name in one.names)))
        )
        given = {**batch, **self._decided}  # others may read what decides, too
        fed = {name: value for name, value in given.items() if name.rpartition(":")[0] in self._held}
        return dict(zip(names, self._ours.run(names, fed), strict=True))

    def _run_theirs(self, fed: Feeds) -> dict[str, Array]:
        """The tensors that have a value in the original, by their names there; not those that are fed."""
        while True:
            if self._theirs is None:
                safety.check(self._original, self._allowed)
                self._theirs = self._sessions.enter_context(Session(serialized(self._original)))
            names = [name for name in self._tensors if name not in fed]
            try:
                return dict(zip(names, self._theirs.run(names, fed), strict=True))
            except NoValueError as error:
                del self._tensors[names[error.index]]
                self._theirs = None  # a new one draws its numbers from the start, as ours does


def _neither(error: BninspectError, failure: BninspectError | None) -> str:
    """Why the original does not run, and whether the new graph does."""
    if failure is None:
        return f"{_told(error)}; the new model runs"
    if _told(failure) == _told(error):
        return f"{_told(error)}; so it is with the new model"
    return f"{_told(error)}; of the new model: {_told(failure)}"


def _told(error: BninspectError) -> str:
    """What was wrong, without the way to let an op through."""
    return str(error).partition("; if you trust")[0]
