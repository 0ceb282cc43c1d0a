"""The faults that are put into trained networks, and what is to be said of each: a table, from what the rules
promise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bninspect.options import Preprocess
from tests.networks import Trained, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Make = Callable[[Trained, Path, str], Path]

HERE = "here"
"""At the layer that the fault is in."""
PAIR = "pair"
"""At that layer and at the other one of its size."""
PARTNER = "partner"
"""At the other one of its size."""
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
    images: Preprocess | None = "unit"
    """The preset that images are given with; None: TensorFlow refuses the model, or images tell no more."""
    every: bool = False
    """Whether it is put into each layer in turn."""
    behind: bool = False
    """Whether it is put behind the first pair of layers, by which presets are told apart."""


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
    Fault(
        name="statistics swapped, images not in 0..1",
        make=lambda trained, path, layer: faults.swap(trained.path, path, layer, partner(trained, layer)),
        measured={"BN405": FIRST, "BN403": PAIR},
        images="raw",
        behind=True,
    ),
    Fault(
        name="mean shifted, images in -1..1",
        make=values(faults.shifted),
        measured={"BN405": FIRST, "BN403": HERE},
        images="tf",
        behind=True,
    ),
    Fault(
        name="average 40 % converged, mean shifted",
        make=lambda trained, path, layer: faults.inject(trained.unfinished, path, faults.shifted, layer),
        measured={"BN404": MODEL, "BN403": HERE},
    ),
    Fault(
        name="collapsed channel, mean shifted",
        make=lambda trained, path, layer: faults.inject(
            faults.inject(trained.path, path, faults.collapsed, layer),
            path,
            faults.shifted,
            partner(trained, layer),
        ),
        codes={"BN204": HERE},
        measured={"BN403": PARTNER},
        grave=False,
    ),
    Fault(
        name="epsilon 300 times too large",
        make=lambda trained, path, layer: faults.widened_epsilon(trained.path, path, layer, 300),
        codes={"BN206": HERE},
        grave=False,
        images=None,
        every=True,
    ),
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


def places(trained: Trained, layer: str, stated: Mapping[str, str]) -> dict[str, set[str | None]]:
    """Code -> the layers that it is to name, the node where it names no layer."""
    known: dict[str, set[str | None]] = {
        HERE: {layer},
        PAIR: {layer, partner(trained, layer)},
        PARTNER: {partner(trained, layer)},
        ALL: set(trained.layers),
        FIRST: {trained.layers[0]},
        MODEL: {None},
        SWITCH: {faults.SWITCH},
    }
    return {code: known[where] for code, where in stated.items()}
