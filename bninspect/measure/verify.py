"""Whether the specialized graphs are right: each against the original, fed by its own predicate.

In the original the source of the predicate decides the mode and everything else that reads it (dropout,
augmentation); each copy is fed the same value, and random ops have the same seeds in both programs, so that
the tensors must agree wherever they stand. `Merge:1` of the original confirms the branch that the copy took.
Compared are the outputs of the model and of its layers, on the first images.

Tolerance: TOLERANCE of the largest value of a tensor (HALF_TOLERANCE for float16). Mostly nothing differs at
all, since the same kernels run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.deciding import value_at
from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.loops import in_loops
from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import downstream, reach, upstream
from bninspect.inputs.deciding import sources
from bninspect.inputs.placeholders import placeholders, unfed
from bninspect.measure.both_modes import MODES, both_modes, unfeedable, unfetchable
from bninspect.measure.facts import Verification
from bninspect.measure.sharing.together import Original
from bninspect.rewrite.serving import mode_under
from bninspect.run.needed import cut
from bninspect.run.pure_ops import RANDOM_OPS
from bninspect.run.running import Wish
from bninspect.statistics.distance import largest_difference, largest_magnitude

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node, Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.sharing.together import Place
    from bninspect.run.running import Running

    Array = NDArray[Any]

TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2
_IMAGES = 2
"""How many images are compared, where the model takes any number."""


@frozen_dataclass
class Check:
    """What is to be held against the original."""

    ours: BothModes
    """Each copy is what the original is with every source fed for one mode."""
    original: Original


def check(report: Report, measured: BothModes, inputs: Inputs) -> Check | Verification:
    """What to run for a verification of these both modes, cut at the inputs; or why there can be none."""
    if not measured.sources:
        return Verification(state="impossible", reason="the mode of every layer is fixed in the file")
    loops = in_loops(report.graph)
    for source in measured.sources:
        if (reason := unfeedable(source, loops)) is not None:
            return Verification(state="impossible", reason=reason)
    choice = _as_the_source_says(report)
    ours = measured
    try:
        if any(choice(mode, layer) is not mode for mode in MODES for layer in report.layers):
            ours = both_modes(report, choice, report.outputs).cut(inputs.names)
    except BninspectError as error:
        return _impossible(error)
    fed = frozenset(inputs.names | {source.name for source in ours.sources})
    names = _names(report, ours)
    original = Original(graphdef=cut(report.graph.graphdef, fed, names), fetched=tuple(names), fed=fed)
    return Check(ours=ours, original=original)


def run_by(report: Report) -> set[Node]:
    """The nodes of the original that run for a verification and may be fed: all before its outputs, up to
    what decides and what hands that on.
    """

    def handing(node: Node) -> Iterator[Node]:
        return (use.node for use in report.graph.uses(node) if use.node.op in IDENTITIES and use.slot == 0)

    decided = set(reach((source.node for source in sources(report)), handing))
    outputs = (tensor.node for tensor in report.outputs)
    return upstream(outputs, until=decided.__contains__) - decided


def verify(
    report: Report,
    ours: tuple[BothModes, Running],
    original: tuple[Running, Place],
    inputs: Inputs,
) -> Verification:
    """The specialized graphs against the original, both modes."""
    failure: BninspectError | None = None
    for feeds in _feeds(inputs):
        try:
            return _compared(report, *ours, *original, feeds)
        except BninspectError as error:
            failure = failure or error
    assert failure is not None
    decided = {source.name for source in sources(report)}
    places = placeholders(report.graph, run_by(report))
    missing = unfed(report.graph, places, {*inputs.names, *decided})
    return _impossible(f"it also has to be fed {missing}" if missing else failure)


def _impossible(error: BninspectError | str) -> Verification:
    return Verification(state="impossible", reason=f"the original does not run: {error}")


def _names(report: Report, ours: BothModes) -> list[str]:
    """What the original has to give, and be fed."""
    given = [tensor.name for mode in MODES for tensor in _tensors(report, ours, mode)]
    merges = [name for mode in MODES for name in _merges(report, ours, mode)]
    return [*given, *(source.name for source in ours.sources), *merges]


def _as_the_source_says(report: Report) -> Any:
    """The choice under which each copy is what the original is with every source fed for one mode.

    Layers that the file fixes stay so; a source may send one layer to training when it sends another to
    inference.
    """
    first = sources(report)

    def choice(mode: Mode, layer: BatchNorm) -> Mode:
        if layer.mode is not Mode.SWITCHED:
            return layer.mode
        return mode_under(layer, {tensor: value[mode] for tensor, value in first.items()}) or mode

    return choice


def _tensors(report: Report, ours: BothModes, mode: Mode) -> tuple[Tensor, ...]:
    """What is compared: outputs of the model and of its layers, as far as both programs can give them."""
    loops = in_loops(report.graph)
    named = (*report.outputs, *ours.outputs[mode].values())
    return tuple(
        dict.fromkeys(tensor for tensor in named if unfetchable(tensor) is None and tensor.node not in loops)
    )


def _feeds(inputs: Inputs) -> Iterator[Mapping[str, Array]]:
    """The first images, as many as are compared; then all of the batch, for a model that runs with no fewer.
    All at once where the model fixes how many, or where other values fed may belong to each of them (the
    other side of a siamese pair).
    """
    first = next(inputs.batches())
    place = inputs.place
    beside = inputs.columns or any(value.ndim for value in inputs.feeds.values())
    if (
        place is not None
        and (place.shape is None or place.shape[:1] == (None,))
        and not beside
        and len(first[place.name]) > _IMAGES
    ):
        yield {**first, place.name: first[place.name][:_IMAGES]}
    yield first


def _compared(
    report: Report,
    ours: BothModes,
    mine: Running,
    theirs: Running,
    place: Place,
    feeds: Mapping[str, Array],
) -> Verification:
    """Both modes, tensor by tensor."""
    largest = None
    for mode in MODES:
        merges = _merges(report, ours, mode)
        wishes = [
            Wish(tensor, (place(tensor.name),), (mode, tensor.name))
            for tensor in _tensors(report, ours, mode)
        ]
        wishes += [Wish(merge, (place(merge),), (mode, merge)) for merge in merges]
        fed = {place(name): value for name, value in {**feeds, **ours.feeds_of_original(mode)}.items()}
        theirs.anew()
        given = {wish.what: value for wish, [value] in theirs.values(wishes, fed).items()}
        alive = [what for what in given if not isinstance(what, str)]
        mine.anew()
        own = mine.run(
            [ours.fetch(mode, tensor) for tensor in alive], ours.feeds(feeds, {mode: mode for mode in MODES})
        )
        unsure = drawn_inside_functions(report, alive)
        for tensor, value in zip(alive, own, strict=True):
            if tensor not in unsure:
                distance, allowed = difference_and_allowance(value, given[tensor])
                if distance > allowed:
                    return _differs(tensor.name, distance, mode)
                largest = max(largest or 0.0, distance)
        wrong = (name for name, taken in merges.items() if name in given and int(given[name]) != taken)
        for name in wrong:
            return _differs(name, None, mode)
    if largest is None:
        return Verification(state="impossible", reason="every output stands where nothing can be fetched")
    return Verification(state="verified", max_abs=largest)


def _merges(report: Report, ours: BothModes, mode: Mode) -> dict[str, int]:
    """`Merge:1` of the switched layers -> which input the branch comes by that the copy took."""
    conditions = Conditions(report.graph)
    loops = in_loops(report.graph)
    found = {}
    for layer in report.layers:
        change = ours.changes[mode][layer.name]
        if change.what == "branch" and layer.switch is not None:
            joins = (conditions.join(merge) for merge in layer.merges if _has_index(merge, loops))
            for join in filter(None, joins):
                value = value_at(join, layer.switch, change.mode, conditions)
                if value is not None:
                    taken = join.if_true if value else join.if_false
                    found[f"{join.node.name}:1"] = join.node.inputs.index(taken)
    return found


def _has_index(merge: Node, loops: Container[Node]) -> bool:
    """Whether it gives the number of the branch that it came by (`value_index`), and that can be fetched."""
    in_file = merge.op == "Merge" and merge.nodedef is not None
    return in_file and not merge.functions and merge not in loops


def difference_and_allowance(own: Array, original: Array) -> tuple[float, float]:
    """(the largest difference, how large it may be). Values that are not finite must be the same."""
    if own.shape != original.shape:
        return float("inf"), 0.0
    if np.array_equal(own, original):
        return 0.0, 0.0
    if own.dtype.kind not in "fiub":
        return float("inf"), 0.0
    share = HALF_TOLERANCE if original.dtype == np.float16 else TOLERANCE
    return largest_difference(own, original), share * largest_magnitude(original)


def drawn_inside_functions(report: Report, tensors: Sequence[Tensor]) -> set[Tensor]:
    """Tensors behind a number drawn inside a function, which cannot be given a seed there."""
    drawn = [node for node in report.graph if node.op in RANDOM_OPS and node.functions]
    behind = downstream(report.graph, drawn)
    return {tensor for tensor in tensors if tensor.node in behind}


def _differs(tensor: str, apart: float | None, mode: Mode) -> Verification:
    difference = "took another branch" if apart is None else f"differs by {apart:.3g}"
    reason = f"{tensor} in {mode.value} mode {difference} from the original"
    return Verification(state="differs", max_abs=apart, tensor=tensor, reason=reason)
