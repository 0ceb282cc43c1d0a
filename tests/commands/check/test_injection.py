"""Faults of known kind and place in trained networks: `check` finds each, blames the right layer, and nothing
else fires at `error`.

The table FAULTS states, from what the rules promise, which code a fault gets and where. Three networks of six
batch norms (see `tests.networks`) take every fault: what the file alone tells, at each layer in turn; what
images tell, at one layer of each network, with 128 images that were not seen in training. `pytest -s` shows
what became of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bninspect.commands.check.gate import Settings, check
from bninspect.inputs.request import Request
from bninspect.rules import Severity
from tests.networks import KINDS, Trained, faults
from tests.rules import test_corpus as corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bninspect.commands.check.result import ModelResult

    Network = Callable[[str], Trained]
    Make = Callable[[Trained, Path, str], Path]

IMAGES = 128
"""So many that no layer is left undecided."""
BATCH = 64

HERE = "here"
"""At the layer that the fault is in."""
PAIR = "pair"
"""At that layer and at the other one of its size."""
ALL = "all"
"""At every layer, each by itself."""
FIRST = "first"
"""At the first layer."""
MODEL = "model"
"""Once, of the model."""
SWITCH = "switch"
"""At the switch, which is no layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, and what is to be said of it."""

    name: str
    make: Make
    """(network, file to write, layer) -> the faulty model."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code -> where, of what the file alone tells."""
    measured: Mapping[str, str] = field(default_factory=dict)
    """Likewise, of what is told besides where images are given."""
    grave: bool = True
    """Whether it is to fail a check as it is set up from the start: at least one finding is an error."""
    images: str | None = "unit"
    """The preset that images are given with; None: TensorFlow refuses the model, or images tell no more."""
    every: bool = False
    """Whether it is put into each layer in turn."""


def values(change: Callable[[faults.Stored], faults.Stored]) -> Make:
    """A fault of one layer's statistics."""
    return lambda trained, path, layer: faults.inject(trained.path, path, change, layer)


def partner(trained: Trained, layer: str) -> str:
    """The other layer of its size: the six come in pairs."""
    return trained.layers[trained.layers.index(layer) ^ 1]


def as_it_is(trained: Trained, path: Path, layer: str) -> Path:
    return trained.path


FAULTS = (
    Fault(
        name="one layer never updated", make=values(faults.never_updated), codes={"BN201": HERE}, every=True
    ),
    Fault(name="all layers never updated", make=lambda trained, *_: trained.forgotten, codes={"BN201": ALL}),
    Fault(
        name="average 40 % converged",
        make=lambda trained, *_: trained.unfinished,
        measured={"BN404": MODEL},
        grave=False,
    ),
    Fault(
        name="variance four times too large",
        make=values(faults.widened),
        measured={"BN403": HERE},
        grave=False,
    ),
    Fault(name="variance four times too small", make=values(faults.narrowed), measured={"BN403": HERE}),
    Fault(name="mean shifted", make=values(faults.shifted), measured={"BN403": HERE}),
    Fault(name="mean and variance scaled", make=values(faults.rescaled), measured={"BN403": HERE}),
    Fault(
        name="statistics swapped",
        make=lambda trained, path, layer: faults.swap(trained.path, path, layer, partner(trained, layer)),
        measured={"BN403": PAIR},
    ),
    Fault(
        name="images not brought to 0..1",
        make=as_it_is,
        measured={"BN405": FIRST},
        grave=False,
        images="raw",
    ),
    Fault(name="images brought to -1..1", make=as_it_is, measured={"BN405": FIRST}, grave=False, images="tf"),
    Fault(name="NaN", make=values(faults.not_a_number), codes={"BN203": HERE}, every=True),
    Fault(name="negative variance", make=values(faults.negative), codes={"BN203": HERE}, every=True),
    Fault(
        name="collapsed channel",
        make=values(faults.collapsed),
        codes={"BN204": HERE},
        grave=False,
        every=True,
    ),
    Fault(name="wrong sizes", make=values(faults.too_long), codes={"BN110": HERE}, images=None, every=True),
    Fault(
        name="one layer baked in training",
        make=lambda trained, path, layer: faults.baked(trained.path, path, layer),
        codes={"BN101": HERE},
        measured={"BN401": HERE},
        every=True,
    ),
    Fault(
        name="all layers baked in training",
        make=lambda trained, path, layer: faults.constant_switch(trained.path, path),
        codes={"BN101": ALL},
        measured={"BN401": MODEL},
    ),
    Fault(
        name="orphan switch",
        make=lambda trained, path, layer: faults.baked(trained.path, path),
        codes={"BN101": ALL, "BN106": SWITCH},
        images=None,
    ),
    Fault(
        name="default flipped",
        make=lambda trained, path, layer: faults.default(trained.path, path, True),
        codes={"BN104": SWITCH},
    ),
    Fault(
        name="default flipped, negated",
        make=lambda trained, path, layer: faults.default(trained.path, path, False, negated=True),
        codes={"BN104": SWITCH},
        images=None,
    ),
    Fault(
        name="update on a constant",
        make=lambda trained, path, layer: faults.updated_constant(trained.path, path, layer),
        codes={"BN107": HERE},
        every=True,
    ),
)
"""A collapsed channel is an error only where its gain is above 1000, which an epsilon of 1e-3 does not allow;
the score of a variance four times too large is 0.5. Of layers that train whatever is fed images tell what
comes of it, the output that depends on its companions (BN401)."""
HEALTHY = (
    Fault(name="untouched", make=as_it_is, grave=False),
    Fault(
        name="negated predicate",
        make=lambda trained, path, layer: faults.negated(trained.path, path),
        grave=False,
    ),
    Fault(
        name="default of inference",
        make=lambda trained, path, layer: faults.default(trained.path, path, False),
        grave=False,
        images=None,
    ),
    Fault(
        name="default of inference, negated",
        make=lambda trained, path, layer: faults.default(trained.path, path, True, negated=True),
        grave=False,
        images=None,
    ),
)
"""No faults: nothing is an error."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of one fault in all places it was put into."""

    name: str
    stated: str
    injected: int = 0
    found: int = 0
    blamed: int = 0
    false: list[str] = field(default_factory=list)
    """Errors of codes that the table does not state."""
    missed: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        numbers = f"{self.injected:9}{self.found:7}{self.blamed:8}{len(self.false):7}"
        return f"  {self.name:32}{self.stated:14}{numbers}"

    def judge(
        self, model: ModelResult, where: str, expected: Mapping[str, set[str | None]], grave: bool
    ) -> None:
        """Adds one run; of a model that is no fault, nothing is injected."""
        told: dict[str, set[str | None]] = {}
        for one in model.found:
            if one.finding.code in expected:
                told.setdefault(one.finding.code, set()).add(one.finding.layer or one.finding.node)
            elif one.finding.severity is Severity.ERROR:
                self.false.append(f"{self.name}, {where}: {one.finding.code} {one.finding.layer}")
        if model.error is not None:
            self.false.append(f"{self.name}, {where}: {model.error}")
        if not expected:
            assert not where.endswith(", images") or "BN403" in model.judged, model.not_run
            return
        self.injected += 1
        self.found += told.keys() == expected.keys()
        self.blamed += told == expected
        if told != expected:
            self.missed.append(f"{self.name}, {where}: {told}, not {dict(expected)}")
        elif grave and model.worst is not Severity.ERROR:
            self.missed.append(f"{self.name}, {where}: no error, {model.worst}")


def places(trained: Trained, layer: str, stated: Mapping[str, str]) -> dict[str, set[str | None]]:
    """Code -> the layers that it is to name, the node where it names no layer."""
    known: dict[str, set[str | None]] = {
        HERE: {layer},
        PAIR: {layer, partner(trained, layer)},
        ALL: set(trained.layers),
        FIRST: {trained.layers[0]},
        MODEL: {None},
        SWITCH: {faults.SWITCH},
    }
    return {code: known[where] for code, where in stated.items()}


def tallied(trained: Trained, fault: Fault, one: str, path: Path) -> Tally:
    """The fault put into the network without images, in each layer in turn, and with images, in one layer."""
    both = {**fault.codes, **fault.measured}
    tally = Tally(name=fault.name, stated=" ".join(both) or "no error")
    if fault.codes or not fault.measured:
        for layer in trained.layers if fault.every else (one,):
            model = check(Settings(path=str(fault.make(trained, path, layer))))
            tally.judge(model, f"{layer}, no images", places(trained, layer, fault.codes), fault.grave)
    if fault.images is not None:
        files = tuple(map(str, sorted(trained.test_pngs.iterdir())[:IMAGES]))
        request = Request(images=files, preset=fault.images, batch_size=BATCH)
        made = fault.make(trained, path, one)
        model = check(Settings(path=str(made), momentum=trained.momentum, request=request))
        tally.judge(model, f"{one}, images", places(trained, one, both), fault.grave)
    return tally


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_found_where_it_is_and_nothing_else(
    kind: str, network: Network, tmp_path: Path
) -> None:
    """Which layer images are given for goes round from fault to fault, and from network to network."""
    trained = network(kind)
    tallies = []
    for number, fault in enumerate((*FAULTS, *HEALTHY)):
        layer = trained.layers[(number + 2 * KINDS.index(kind)) % len(trained.layers)]
        tallies.append(tallied(trained, fault, layer, tmp_path / "faulty.pb"))
    total = Tally(
        name="sum",
        stated="",
        injected=sum(one.injected for one in tallies),
        found=sum(one.found for one in tallies),
        blamed=sum(one.blamed for one in tallies),
        false=[line for one in tallies for line in one.false],
        missed=[line for one in tallies for line in one.missed],
    )
    head = f"  {'fault':32}{'stated':14}{'injected':>9}{'found':>7}{'blamed':>8}{'false':>7}"
    print("\n" + "\n".join([f"network {kind}", head, *(one.row for one in (*tallies, total))]))
    assert (total.missed, total.false) == ([], [])
    assert total.injected == total.found == total.blamed


@corpus.needs_corpus
def test_trained_models_of_other_people_are_silent_at_error() -> None:
    models = [check(Settings(path=str(Path(corpus.NAMED) / file))) for file in corpus.trained()]
    false = [
        f"{model.path}: {one.finding.code} {one.finding.layer}"
        for model in models
        for one in model.found
        if one.finding.severity is Severity.ERROR
    ]
    print(f"\n{len(models)} trained models of other people: {len(false)} false alarms")
    assert models
    assert [model.error for model in models if model.error is not None] == []
    assert false == []
