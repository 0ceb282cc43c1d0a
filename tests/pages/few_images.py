"""docs/few-images.md: what few images can do, as the scripts of tests/networks measured it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.networks import recorded
from tests.pages.new_domain import new_domain
from tests.pages.tables import named, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXT = """\
# How many images

What `refresh` can do with few images: six networks of six batch norms, trained on 1,198 scans of digits
(8x8), accuracy on 599 others. The numbers are written by the scripts that are named, and the page from their
record.

## How sure new statistics are

[The standard error](statistics.md#how-sure-new-statistics-are) that is said over the spread that was seen in
sets of redrawn images, batches of {batch}, the least and the largest of six layers (`python -m
tests.networks.certainty`). Of three full batches on the samples are the batches; the last column takes the
images of four batches for samples, as `refresh` does with fewer batches: too large in deep layers.

{sure}

## Where measuring ends

`--until W` over {orders} orders of images, batches of {batch}; right is the number of batches
after which the error over all orders is W. The share of orders that end within a batch of it, and in brackets
how often a rule can be right that does equally well where n and where n + 3 batches are right:

{until}

Where the images are the samples (a first layer, or a `--layer` behind none that normalizes with its batch),
it ends within a batch of the right number. Elsewhere the batches are the samples, and few tell little.
The bound: were some directions in which batches vary a little stronger, so that the square of the error is
2/n larger, n + 3 batches would be right in place of n, and a rule has to tell the two after n + 1 batches.
The likelihood ratio of normal moments, the best of all tests, errs in one of the two cases in 100 % less the
bracket (the channels vary together, in about ten directions, not in sixty). A rule may do better where n is
right and worse where n + 3 is, as this one does; none does better in both.

## All statistics lost

With all statistics at 0 and 1, training images in batches of 32 brought back, in points of accuracy below
the healthy model, the worst of {draws} draws (`python -m tests.networks.restored`, seed {seed}):

{restored}

A layer without a map has one value of a channel for each image, and takes more images. For the dense network
no arithmetic brings 64 images within one point in every draw: the exact moments of these very images, in
float64, miss it as often. {few_draws} draws (`python -m tests.networks.few_images`), the share within one
point of healthy:

{few}

What is missing is images. The last two rows know what the 64 do not say, and even they miss at times. Copies
that are moved (around the edge) are knowledge of digits: whoever has such knowledge gives the copies as
images.

{domain}"""


def few_images_page() -> str:
    """The page, of the records."""
    certainty, restored = recorded.read("certainty"), recorded.read("restored")
    few = recorded.read("few_images")
    return _TEXT.format(
        batch=certainty["batch"],
        orders=certainty["orders"],
        sure=_sure(certainty["networks"]),
        until=_until(certainty["networks"]),
        draws=restored["draws"],
        seed=restored["seed"],
        restored=_restored(restored),
        few_draws=few["draws"],
        few=_few(few),
        domain=new_domain(recorded.read("priors")),
    )


def _sure(networks: dict[str, Any]) -> str:
    rows = [
        [named(kind), *(_range(pair) for pair in one["said_over_seen"].values()), _range(one["of_images"])]
        for kind, one in networks.items()
    ]
    batches = next(iter(networks.values()))["said_over_seen"]
    return table(["", *(f"{count} batches" for count in batches), "of images"], rows)


def _range(pair: Sequence[float]) -> str:
    return f"{pair[0]:.2f} to {pair[1]:.2f}"


def _until(networks: dict[str, Any]) -> str:
    rows = [[f"{named(kind)}: {one['last']}", *_shares(one)] for kind, one in networks.items()]
    first, *others = next(iter(networks.values()))["within_one"]
    return table(["network: the layer above W last", f"{first} right", *others], rows)


def _shares(one: dict[str, Any]) -> Iterator[str]:
    for right, share in one["within_one"].items():
        yield f"{100 * share:.0f} % ({100 * one['most'][right]:.0f})"


def _restored(record: dict[str, Any]) -> str:
    whole = record["test_images"]
    counts = next(iter(record["networks"].values()))["after"]
    rows = [
        [
            named(kind),
            f"{100 * one['healthy'] / whole:.1f}",
            f"{100 * one['lost'] / whole:.1f}",
            *(f"{100 * (one['healthy'] - min(right)) / whole:.1f}" for right in one["after"].values()),
        ]
        for kind, one in record["networks"].items()
    ]
    head = ["network", "healthy", "0 and 1", *(f"{count} image{'s' * (count != '1')}" for count in counts)]
    return table(head, rows)


def _few(record: dict[str, Any]) -> str:
    counts = next(iter(record["near"].values()))
    rows = [
        [way, *(f"{hits / record['draws']:.1%}" for hits in near.values())]
        for way, near in record["near"].items()
    ]
    return table(["statistics of the dense network", *(f"{count} images" for count in counts)], rows)
