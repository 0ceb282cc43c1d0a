"""The section of docs/few-images.md about `--prior`, as `python -m tests.networks.priors` measured it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tests.networks.priors import NOISE
from tests.pages.tables import named, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Key = TypeVar("Key")

_TEXT = """\
## A new domain

[`--prior N`](refresh.md#a-new-domain) on digits with a quarter of the contrast, blurred (3x3) or with noise
(deviation {noise}): images of the corrupted training set, accuracy on the corrupted test set. Five networks,
{draws} draws each (`python -m tests.networks.priors`, seed {seed}).

What the corruption costs, in points of accuracy:

{cost}

Points of accuracy against no refresh, the worst and the best draw of all networks, and the share of the loss
that each network regained, on average of its draws:

{gained}

`refresh` warns where it kept old statistics of which these images do not show that any layer is wrong. With
`--prior 32`, by whether it warned, the worst, the mean and the best in points of accuracy:

{warned}

And of all draws above, images of the old domain among them (`none`), those that lost accuracy:

{lost}

So with `--prior 32` {unwarned} of {draws_32} draws lost accuracy without a warning, and 32 images regained
{regained}.
No prior rules a loss out: what a statistic cannot regain, images of the new domain cannot bring.
"""


class Draw(NamedTuple):
    """One refresh."""

    network: str
    corruption: str
    images: int
    prior: int
    gain: float
    """In points of accuracy against no refresh."""
    regained: float
    """Share of what the corruption costs; 0 where it costs nothing."""
    warned: bool


def draws_of(record: dict[str, Any]) -> list[Draw]:
    """Every refresh of the record."""
    points = 100 / record["test_images"]
    found = []
    for network, corruptions in record["networks"].items():
        for corruption, one in corruptions.items():
            loss = corruptions["none"]["before"] - one["before"]
            for cell in one["after"]:
                place = network, corruption, cell["images"], cell["prior"]
                for right, warned in zip(cell["right"], cell["warned"], strict=True):
                    gain = right - one["before"]
                    found.append(Draw(*place, gain * points, gain / loss if loss else 0.0, bool(warned)))
    return found


def new_domain(record: dict[str, Any]) -> str:
    """The section."""
    draws = draws_of(record)
    of_32 = [draw for draw in draws if draw.prior == 32]
    return _TEXT.format(
        noise=NOISE,
        draws=record["draws"],
        seed=record["seed"],
        cost=_cost(record),
        gained=_gained(draws),
        warned=_warned(of_32),
        lost=_lost(draws),
        unwarned=sum(draw.gain < 0 and not draw.warned for draw in of_32) or "none",
        draws_32=len(of_32),
        regained=_by_corruption([draw for draw in of_32 if draw.images == 32]),
    )


def _cost(record: dict[str, Any]) -> str:
    points = 100 / record["test_images"]
    corruptions = [name for name in next(iter(record["networks"].values())) if name != "none"]
    rows = []
    for kind, one in record["networks"].items():
        healthy = one["none"]["before"]
        lost = (f"{(healthy - one[name]['before']) * points:.1f}" for name in corruptions)
        rows.append([named(kind), f"{healthy * points:.1f}", *lost])
    return table(["network", "healthy", *corruptions], rows)


def _gained(draws: Sequence[Draw]) -> str:
    priors = _each(draws, lambda draw: draw.prior)
    rows = []
    for images, corruption in _each(draws, lambda draw: (draw.images, draw.corruption)):
        if corruption != "none":
            of_row = [draw for draw in draws if (draw.images, draw.corruption) == (images, corruption)]
            cells = [_range_of([draw for draw in of_row if draw.prior == prior]) for prior in priors]
            rows.append([str(images), corruption, *cells])
    head = ["images", "corruption", *(f"`--prior {prior}`" if prior else "no prior" for prior in priors)]
    return table(head, rows)


def _range_of(draws: Sequence[Draw]) -> str:
    gains = [draw.gain for draw in draws]
    return f"{min(gains):+.1f} to {max(gains):+.1f}; {_regained(draws)}"


def _regained(draws: Sequence[Draw]) -> str:
    """The least and the most that a network regained."""
    found = _by_network(draws)
    return f"{100 * min(found):.0f} to {100 * max(found):.0f} %"


def _by_corruption(draws: Sequence[Draw]) -> str:
    """What was regained of each corruption, in words."""
    return ", ".join(
        f"{_regained([draw for draw in draws if draw.corruption == name])} of what {name} costs"
        for name in _each(draws, lambda draw: draw.corruption)
        if name != "none"
    )


def _by_network(draws: Sequence[Draw]) -> list[float]:
    """What each network regained on average."""
    return [
        _mean([draw.regained for draw in draws if draw.network == network])
        for network in _each(draws, lambda draw: draw.network)
    ]


def _warned(draws: Sequence[Draw]) -> str:
    rows = []
    for images, corruption in _each(draws, lambda draw: (draw.images, draw.corruption)):
        of_row = [draw for draw in draws if (draw.images, draw.corruption) == (images, corruption)]
        warned = [draw.gain for draw in of_row if draw.warned]
        others = [draw.gain for draw in of_row if not draw.warned]
        share = f"{len(warned)} of {len(of_row)}"
        rows.append([str(images), corruption, share, _three(warned), _three(others)])
    return table(["images", "corruption", "warned", "accuracy, warned", "accuracy, not warned"], rows)


def _three(gains: Sequence[float]) -> str:
    return f"{min(gains):+.1f}, {_mean(gains):+.1f}, {max(gains):+.1f}" if gains else ""


def _lost(draws: Sequence[Draw]) -> str:
    rows = []
    for prior in _each(draws, lambda draw: draw.prior):
        of_row = [draw for draw in draws if draw.prior == prior]
        lost = [draw for draw in of_row if draw.gain < 0]
        unwarned = [draw.gain for draw in lost if not draw.warned]
        worst = f"{min(unwarned):+.1f}" if unwarned else ""
        rows.append([
            f"`--prior {prior}`" if prior else "no prior",
            f"{len(lost)} of {len(of_row)}",
            str(len(unwarned)),
            worst,
        ])  # fmt: skip
    return table(["", "lost accuracy", "of these not warned", "the worst of these, in points"], rows)


def _each(draws: Sequence[Draw], key: Callable[[Draw], Key]) -> list[Key]:
    """The keys of the draws, each once, in order."""
    return list(dict.fromkeys(map(key, draws)))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
