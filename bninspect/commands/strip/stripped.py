"""Whether a stripped model gives what the original gives, fed for the same mode.

Both are fed the same: what the user gives, and seeded values made up for the rest. In the original, what
decides the mode is fed, a constant too, so that a mode that the file never serves can be had; if several
values serve it, or none serves it to all layers, one after the other (`rounds`). A layer that was flipped has
no such mode in the original: there its output is taken from the new graph, so that all around it is compared,
and the layer itself is compared with its formula. Compared are the outputs of the model and of its layers,
with the tolerance of `measure/verify.py`; random ops have the same seeds in both. In the end the new graph is
run as it will be served (`as_served`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.commands.strip.by_formula import flipped_layers
from bninspect.commands.strip.pair import BrokenError, ProgramPair
from bninspect.commands.strip.rounds import ImpossibleError, Round, rounds
from bninspect.errors import BninspectError, RunError
from bninspect.graph.loops import in_loops
from bninspect.inputs import feeds
from bninspect.inputs.bind import bind
from bninspect.inputs.elements import elements
from bninspect.inputs.invented import BATCH, invented
from bninspect.inputs.memory import TooLargeError
from bninspect.inputs.placeholders import needed_where_fed, placeholders
from bninspect.inputs.request import Request
from bninspect.measure.both_modes import unfetchable
from bninspect.measure.facts import Verification
from bninspect.measure.verify import difference_and_allowance, drawn_inside_functions
from bninspect.run import session
from bninspect.steps import step

_NOTHING_FINITE = "the original gives no finite value to compare with; give it others: --image, --feed"

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm.mode import Mode
    from bninspect.commands.strip.by_formula import Flipped
    from bninspect.graph import Tensor
    from bninspect.rewrite.strip import Stripped

    Array = NDArray[Any]
    Feeds = dict[str, Array]


def verify_stripped(
    stripped: Stripped, mode: Mode, request: Request | None = None, allowed: Collection[str] = ()
) -> Verification:
    """`verified` with the greatest difference at any output, `differs`, or `impossible` with the reason.

    Raises InputError and SelectionError where the request does not fit the model.
    """
    step("comparing with the original")
    request = request or Request()
    try:
        session.require()
        flipped = flipped_layers(stripped, mode)
        if isinstance(flipped, str):
            raise ImpossibleError(flipped)
        return _compared(stripped, rounds(stripped, mode), flipped, request, allowed)
    except BrokenError as error:
        return Verification(state="differs", reason=str(error))
    except (ImpossibleError, RunError) as error:
        return Verification(state="impossible", reason=str(error))


def _compared_tensors(stripped: Stripped) -> dict[Tensor, str]:
    """The outputs of the model and of its layers -> their names in the new graph, where both can be
    fetched.
    """
    report, loops = stripped.report, in_loops(stripped.report.graph)
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
        raise ImpossibleError(f"{first.name} cannot be compared: {why}")
    return fetched


def _batches(stripped: Stripped, request: Request, decided: Feeds) -> Iterator[Feeds]:
    """What to feed the original, but for what decides, batch by batch.

    Raises InputError and SelectionError for what the user gives.
    """
    graph, layers = stripped.report.graph, stripped.report.layers
    fed, _ = feeds.parse(graph, request.feeds, shared=request.shared)
    if request.batch_size is None:
        request = replace(request, batch_size=feeds.rows(graph, fed))
    given = {name.rpartition(":")[0] for name in (*fed, *decided)}
    nodes, read = needed_where_fed(stripped.report.outputs, given)
    try:
        places = placeholders(graph, nodes)
    except BninspectError as error:
        raise ImpossibleError(str(error)) from error
    others = [place for place in places if place.name not in decided and place.name not in fed]
    taken = elements(graph, others, layers, request).places()
    free = [place for place in others if not place.has_default or place.tensor.node in read]
    free = [place for place in free if place not in taken]
    if taken and request.batch_size is None and not (taken[0].shape and taken[0].shape[0]):
        request = replace(request, batch_size=1 if free else BATCH)
    try:
        made = invented(graph, free, layers, request)
    except TooLargeError:
        raise
    except BninspectError as error:
        raise ImpossibleError(str(error)) from error
    inputs = bind(graph, nodes, layers, request, {*decided, *made})
    return ({**made, **batch} for batch in inputs.batches())


def _compared(
    stripped: Stripped,
    every: Sequence[Round],
    flipped: Sequence[Flipped],
    request: Request,
    allowed: Collection[str],
) -> Verification:
    """Every batch in both, in every round. A value of what decides that the original does not run under is
    left out, unless layers are compared under it alone.
    """
    largest: float | None = None
    compared: list[str] = []
    failure: ImpossibleError | None = None
    for one in every:
        try:
            difference, tensor = _greatest(stripped, one, flipped, request, allowed, serve=largest is None)
        except ImpossibleError as error:
            if one.handed:
                raise
            failure = failure or error
            continue
        if tensor is not None:
            reason = f"{tensor} differs by {difference:.3g} from the original{one.words(every)}"
            return Verification(state="differs", max_abs=difference, tensor=tensor, reason=reason)
        largest = max(largest or 0.0, difference)
        compared.append(one.name)
    if largest is None:
        raise failure or ImpossibleError(_NOTHING_FINITE)
    return Verification(
        state="verified",
        max_abs=largest,
        rounds=tuple(compared) if len(every) > 1 else (),
        layer_by_layer=any(one.handed for one in every),
        by_formula=bool(flipped),
    )


def _greatest(
    stripped: Stripped,
    one: Round,
    flipped: Sequence[Flipped],
    request: Request,
    allowed: Collection[str],
    *,
    serve: bool,
) -> tuple[float, str | None]:
    """(the greatest difference in one round, None); or (one beyond the tolerance, its tensor).

    With `serve`, the new graph is run as it will be served, too. Raises ImpossibleError and BrokenError.
    """
    batches = _batches(stripped, request, dict(one.feeds))
    with ProgramPair(stripped, _compared_tensors(stripped), flipped, one, allowed) as pair:
        try:
            found = _beyond(pair, batches)
        except ImpossibleError:
            pair.serve()  # what cannot be compared has to return all the same
            raise
        if serve:
            pair.serve()
    return found


def _beyond(pair: ProgramPair, batches: Iterator[Feeds]) -> tuple[float, str | None]:
    """As `_greatest`, of these batches."""
    largest: float | None = None
    for batch in batches:
        for tensor, own, original in pair.run(batch):
            if original.dtype.kind == "f" and not np.isfinite(original).any():
                continue
            difference, allowance = difference_and_allowance(own, original)
            if difference > allowance:
                return difference, tensor
            largest = max(largest or 0.0, difference)
    if largest is None:
        raise ImpossibleError(_NOTHING_FINITE)
    return largest, None
