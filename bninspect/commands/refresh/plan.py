"""What refresh is to do: which layers, where their statistics go, and which are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.errors import Absent, InputError, OptionError, RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.measure.facts import Question
from bninspect.measure.whole_loops import without_loops
from bninspect.models.open import load
from bninspect.options import Checked, Count, Positive, Share, Texts
from bninspect.rewrite.freeze import frozen
from bninspect.rewrite.statistics.initial import refuse_without_values, with_initial_statistics
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.rewrite.strip import require_layers
from bninspect.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph
    from bninspect.rewrite.statistics.slots import Slot

ENGINES = ("loky", "dask", "ray", "spark")


@frozen_dataclass
class RefreshOptions(Checked):
    """What is measured and what is written. Raises OptionError for a value that an option cannot have."""

    outputs: Texts = ()
    """Nodes or tensors: only what they depend on counts; empty: the model's own outputs."""
    layers: Texts = ()
    """Globs of the layers to refresh, or names of their nodes; empty: all of them."""
    mix: Share = 0.0
    """A, the share of the old statistics that is kept: written is A * old + (1 - A) * new, of mean and
    variance each."""
    prior: Count | None = None
    """The old statistics count as so many images: A is N / (N + images)."""
    stripped: bool = False
    """Whether what `strip` makes of the result is written."""
    until: Positive | None = None
    """Measuring ends when no layer's standard error is above it; None: with the last image."""
    jobs: Count | None = None
    """So many processes of one thread each; None: this process, with as many threads as TensorFlow takes."""
    engine: str | None = None
    """What runs them: loky (None), dask:ADDRESS, ray or spark."""
    part_folder: str | None = None
    """Where what was measured is kept, for the same command to go on where it was."""
    checked: bool = True
    """Whether the result is run on some of the images, and judged by the rules."""
    allowed_ops: Texts = ()
    """Ops that may run besides those that only compute."""
    unfrozen: bool = False
    """Whether a model is taken whose moving statistics, and nothing else, are variables without values."""

    @property
    def keeps_old(self) -> bool:
        """Whether something of the old statistics is kept."""
        return bool(self.mix or self.prior)

    def kept_share(self, images: int) -> float:
        """A: how much of the old statistics is kept. Raises InputError where images cannot be counted."""
        if self.prior is None:
            return self.mix
        if not images:
            raise InputError("--prior counts images, and what was fed is none: give --mix")
        return self.prior / (self.prior + images)

    def refuse_contradictions(self) -> None:
        in_tasks = self.jobs or self.engine or self.part_folder
        if self.until is not None and in_tasks:
            raise OptionError(
                "--jobs, --engine and --parts do not go with --until: where it ends depends on all before it"
            )
        if self.mix and self.prior:
            raise OptionError("--mix and --prior both say how much of the old statistics is kept: give one")
        name = (self.engine or ENGINES[0]).partition(":")[0]
        if name not in ENGINES:
            raise OptionError(
                f"no engine is called {self.engine!r}: --engine takes one of {', '.join(ENGINES)}"
            )


@frozen_dataclass
class Plan:
    """Which layers are to be refreshed, where their statistics go, and who is left alone."""

    report: Report
    """With every While left whole."""
    slots: tuple[Slot, ...]
    layers: tuple[BatchNorm, ...]
    """All layers of these slots, in graph order."""
    left: tuple[Absent, ...]
    wanted: frozenset[str]
    """Names of the layers that were asked for; empty: all."""
    stripped: bool

    @property
    def training(self) -> str:
        """What parts have to agree in: which layers run in training mode, and whether the others are
        stripped.
        """
        return "\n".join((*(layer.name for layer in self.layers), *(["--strip"] if self.stripped else [])))


def plan_model(model: str | PathLike[str] | Graph, options: RefreshOptions) -> Plan:
    """The plan for a model, a path or a graph. Raises BninspectError if it cannot be read, and as `plan`."""
    report = inspect(load(model), outputs=options.outputs)
    if options.unfrozen:
        report = with_initial_statistics(report)
    else:
        refuse_without_values(report)
    chosen = select(report.layers, options.layers) if options.layers else ()
    return plan(frozen(report), frozenset(layer.name for layer in chosen), stripped=options.stripped)


def plan(report: Report, wanted: frozenset[str] = frozenset(), *, stripped: bool = False) -> Plan:
    """The plan for the layers of these names (none: all).

    A layer that has its statistics in common with one of them comes, too. Raises RewriteError where there is
    no layer, or none that can be refreshed, or one that was asked for cannot.
    """
    require_layers(report, "refresh")
    outer, _, lost = without_loops(report, Question(layers=report.layers))
    slots, left = find_slots(outer, create=stripped)
    if wanted:
        slots = tuple(slot for slot in slots if not wanted.isdisjoint(layer.name for layer in slot.layers))
        left = tuple(one for one in left if one.what in wanted)
    gone = tuple(Absent(what=one.what, reason=one.reason) for one in lost if not wanted or one.what in wanted)
    names = {layer.name for slot in slots for layer in slot.layers}
    made = Plan(
        report=outer,
        slots=slots,
        layers=tuple(layer for layer in outer.layers if layer.name in names),
        left=(*left, *gone),
        wanted=wanted,
        stripped=stripped,
    )
    refuse_nothing(made, made.left, len(slots))
    return made


def refuse_nothing(made: Plan, left: Sequence[Absent], slots: int) -> None:
    """Raises RewriteError where nothing can be refreshed, or a layer that was asked for cannot."""
    path = made.report.graph.graphdef.path
    asked = [one for one in left if one.what in made.wanted]
    if asked:
        raise RewriteError(f"{path}: {asked[0].what} cannot be refreshed: {asked[0].reason}")
    if not slots:
        names = first_few([one.what for one in left])
        raise RewriteError(f"{path}: no layer can be refreshed: {names}: {left[0].reason}")
