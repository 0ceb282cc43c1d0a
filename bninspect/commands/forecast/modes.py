"""The original on made-up values, in any modes of its layers: what a converted model is held against.

The original never runs as it is: its modes are graphs of `specialize`, so that a file that TensorFlow refuses
can be compared, too.
"""

from __future__ import annotations

from dataclasses import field
from itertools import product
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import value_of
from bninspect.batchnorm.wiring.predicates.predicate import logic
from bninspect.batchnorm.wiring.predicates.trials import trials
from bninspect.errors import BninspectError, InputError, InputSizeError, RunError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.deciding import fed_value, sources
from bninspect.inputs.feeds import rows
from bninspect.inputs.invented import invented
from bninspect.inputs.placeholders import needed_where_fed, placeholders
from bninspect.inputs.request import Request
from bninspect.rewrite.serving import mode_under
from bninspect.rewrite.specialize import specialize
from bninspect.rewrite.strip import rewritable, strip
from bninspect.run.program import Program
from bninspect.run.running import Running
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.wiring.predicates.predicate import Value
    from bninspect.graph import Tensor
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.rewrite.prune import Pruned

    Array = NDArray[Any]
    Values = tuple[Array, ...]
    Fed = Mapping[Tensor, Mapping[Mode, Value]]

_LARGER_BATCH = 8
_OPTIONS = "--feed NAME=@values.npy"
"""What gives the inputs another size here."""
_HALF, _QUANTIZED, _SINGLE = 1e-2, 5e-2, 1e-4
"""Tolerances, as shares of the largest value: converters fold and reorder, in float16 and in whole numbers
with fewer digits. The modes are farther apart than that by orders."""


@frozen_dataclass(eq=False)
class FedRound:
    """One run of a converted model."""

    feeds: Mapping[str, Array]
    """Tensor name -> value."""
    decided: Mapping[Tensor, Value]
    """What decides -> the value that it is fed."""


@frozen_dataclass(eq=False)
class Modes:
    """A model, what it is fed, and what each mode gives."""

    report: Report
    rounds: Mapping[str, FedRound]
    """`inference` and `training`; `unfed` alone if nothing that decides has to be fed."""
    values: Mapping[Mode, Values]
    """The outputs with all layers in one mode; a mode that the model cannot be brought to is left out."""
    draws: bool
    """Whether training mode draws random numbers, so that no two runs of it agree."""
    tolerance: float
    """Of a difference, as a share of the largest value."""
    unrunnable: str | None
    """Why the original does not run on these values in one of its modes; None if it does."""
    decided_inside: bool
    """Whether something decides that cannot be fed: its mode on made-up values says nothing."""
    allowed: frozenset[str] = frozenset()
    """Ops that run besides the pure ones."""
    _known: dict[tuple[Mode, ...], Values | None] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Tensor names."""
        return tuple(tensor.name for tensor in self.report.outputs)

    def mode_in(self, layer: BatchNorm, name: str) -> Mode | None:
        """The mode of a layer in a round, as the file has it; None if that is not known."""
        return mode_under(layer, self.rounds[name].decided)

    def given_by(self, modes: tuple[Mode, ...]) -> Values | None:
        """The outputs with each layer, in graph order, in a mode of its own; None if that cannot be had."""
        if modes not in self._known:
            self._known[modes] = _run_mixed(
                self.report, modes, next(iter(self.rounds.values())).feeds, self.allowed
            )
        return self._known[modes]


def modes_of(
    report: Report, given: Mapping[str, Array] | None = None, allowed: Collection[str] = ()
) -> Modes:
    """Both modes of a model, on seeded values for whatever has to be fed and is not given (name -> value);
    `allowed`: ops that run besides the pure ones.

    Raises BninspectError if nothing can be fed, neither mode runs, or a value is given for anything else than
    a placeholder that has to be fed in both modes alike.
    """
    given = given or {}
    decided = sources(report)
    asked = {tensor: _asked(tensor, values) for tensor, values in decided.items()}
    fed = {source: values for found in asked.values() for source, values in found.items()}
    names = {tensor.name for tensor in (*decided, *fed)}
    needed, read = needed_where_fed(report.outputs, {tensor.node.name for tensor in fed})
    places = [
        place for place in placeholders(report.graph, needed)
        if place.name not in names and (not place.has_default or place.tensor.node in read)
    ]  # fmt: skip
    for name in given:
        if name not in {place.name for place in places}:
            may = listed([place.name for place in places]) or "none"
            raise InputError(f"--feed {name}: converters are fed placeholders without a default ({may})")
    made = _both_modes(report, places, fed, given, allowed)
    rounds = {
        mode.value: _round(made.given, fed, mode) for mode in made.values
    } if fed else {"unfed": FedRound(feeds=made.given, decided={})}  # fmt: skip
    types = {node.attr("T") for node in needed}
    quantized = any(node.op.startswith("FakeQuant") for node in needed)
    return Modes(
        report=report,
        rounds=rounds,
        values=made.values,
        draws=made.draws,
        tolerance=_QUANTIZED if quantized else _HALF if "half" in types else _SINGLE,
        unrunnable=made.unrunnable,
        decided_inside=any(
            not found and not tensor.node.op.startswith("Placeholder") for tensor, found in asked.items()
        ),
        allowed=frozenset(allowed),
    )


@frozen_dataclass
class _Runs:
    """What both modes gave on made-up values, as the fields of Modes say it."""

    given: Mapping[str, Array]
    values: Mapping[Mode, Values]
    draws: bool
    obstacle: str
    """Why a mode is missing; empty if none is."""
    unrunnable: str | None


def _both_modes(
    report: Report,
    places: Sequence[Placeholder],
    fed: Fed,
    given: Mapping[str, Array],
    allowed: Collection[str],
) -> _Runs:
    """On a batch of the usual size, or on a larger one if only that runs: ghost batches take many images.

    Raises RunError if neither mode runs.
    """
    batch = rows(report.graph, given)
    usual = _runs(report, places, fed, given, allowed, batch)
    wanting = usual.unrunnable is not None and batch is None
    larger = _runs(report, places, fed, given, allowed, _LARGER_BATCH) if wanting else usual
    made = larger if larger.unrunnable is None else usual
    if not made.values:
        raise RunError(made.obstacle)
    return made


def _runs(
    report: Report,
    places: Sequence[Placeholder],
    fed: Fed,
    given: Mapping[str, Array],
    allowed: Collection[str],
    batch: int | None,
) -> _Runs:
    others = [place for place in places if place.name not in given]
    given = {**given, **invented(report.graph, others, report.layers, Request(batch_size=batch))}
    values, obstacle, unrunnable, draws = {}, "", None, False
    for mode in (Mode.INFERENCE, Mode.TRAINING):
        try:
            stripped = strip(report, mode)
            feeds = _round(given, fed, mode).feeds
            values[mode], draws = _run(stripped.pruned, stripped.report.outputs, feeds, allowed)
        except BninspectError as error:
            said = str(InputSizeError(error.said, _OPTIONS) if isinstance(error, InputSizeError) else error)
            obstacle = obstacle or said
            unrunnable = said if isinstance(error, RunError) else unrunnable
    return _Runs(given=given, values=values, draws=draws, obstacle=obstacle, unrunnable=unrunnable)


def _asked(decider: Tensor, wanted: Mapping[Mode, bool]) -> dict[Tensor, dict[Mode, Value]]:
    """What is fed so that the decider has its value in each mode: itself, or the placeholders that it is
    computed from, by trying; empty if nothing has to be fed, or no values do it.
    """
    if decider.node.op.startswith("Placeholder"):
        return {decider: dict(wanted)} if decider.node.op == "Placeholder" else {}
    order, leaves = logic(decider)
    names = {leaf: leaf.name for leaf in leaves}
    tried = trials(order, names)
    if tried is None or any(leaf.node.op != "Placeholder" for leaf in leaves):
        return {}
    found: dict[Tensor, dict[Mode, Value]] = {leaf: {} for leaf in leaves}
    for mode, value in wanted.items():
        for chosen in product(*(tried[names[leaf]] for leaf in leaves)):
            numbers = [number for number in chosen if not isinstance(number, bytes)]
            values = dict(zip(leaves, numbers, strict=False))
            if len(numbers) == len(leaves) and value_of(decider, values) is value:
                for leaf, number in values.items():
                    found[leaf][mode] = number
                break
        else:
            return {}
    return found


def _round(given: Mapping[str, Array], fed: Fed, mode: Mode) -> FedRound:
    decided = {tensor: value[mode] for tensor, value in fed.items()}
    feeds = {tensor.name: fed_value(tensor, value) for tensor, value in decided.items()}
    return FedRound(feeds={**given, **feeds}, decided=decided)


def _run(
    pruned: Pruned, outputs: Sequence[Tensor], given: Mapping[str, Array], allowed: Collection[str]
) -> tuple[Values, bool]:
    """The outputs, and whether random numbers were drawn."""
    names = [pruned.names[tensor] for tensor in outputs]
    program = Program.of(pruned.graphdef, names, given, allowed)
    with Running(program) as running:
        return tuple(running.run(names, program.held(given))), program.draws


def _run_mixed(
    report: Report, modes: tuple[Mode, ...], given: Mapping[str, Array], allowed: Collection[str]
) -> Values | None:
    wanted = {layer.name: mode for layer, mode in zip(report.layers, modes, strict=True)}
    try:
        opened = rewritable(report, Mode.INFERENCE)
        pruned = specialize(opened, lambda layer: wanted[layer.name]).pruned((), opened.outputs)
        values, _ = _run(pruned, opened.outputs, given, allowed)
    except (BninspectError, KeyError):
        return None
    return values
