"""`--moments PART.npz`: the estimates of one part of a large set in a file; and the parts together.

A file holds, of each layer and batch, `<layer>/mean`, `/variance` (shape (batches, channels)), `/values` and
`/images` (shape (batches,)), the sums of `statistics.moment_sums` under `/origin` and `/sums`, all in
float64; and under `bninspect` a text (JSON) that says of which model they are and how they were taken. Parts
of one model, taken in one way, cut at the borders of batches and given in order are what one run over all
gives, to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.commands.refresh.estimates import Estimate, Estimates, Fold
from bninspect.documents import from_json
from bninspect.errors import InputError
from bninspect.files import write_arrays
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graphdef.writer import pieces
from bninspect.statistics.moment_sums import SUMS, MomentSums
from bninspect.statistics.pooling import Moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.commands.refresh.estimates import Batch
    from bninspect.graphdef import GraphDef

    Floats = NDArray[np.float64]

_CHUNK = 1 << 20
_FORMAT = "bninspect moments 2"
_FOREIGN = "was not written by bninspect refresh --moments"
_UNREADABLE = (
    ValueError,
    KeyError,
    OverflowError,
    EOFError,
    TypeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
_MORE_UNREADABLE = (NotImplementedError, RuntimeError)
"""Of a zip archive with a kind of compression, or a password, that Python does not know."""


@frozen_dataclass
class Part:
    """One part, as it was read."""

    path: str
    model: str
    """The digest of the model."""
    training: str
    """Which layers ran in training mode, and which others would be stripped."""
    estimates: Estimates
    digest: str
    """Of its numbers."""


def digest(graphdef: GraphDef) -> str:
    """SHA-256 of the model, in hexadecimal: of the graph with its weights, however it was contained.

    Of a Keras file that of the file: Keras makes another graph of it in every process.
    """
    sha256 = hashlib.sha256()
    path = Path(graphdef.path)
    if graphdef.format.startswith("keras") and path.is_file():
        with path.open("rb") as stream:
            while part := stream.read(_CHUNK):
                sha256.update(part)
        return sha256.hexdigest()
    for span in pieces(graphdef):
        for chunk in span.chunks():
            sha256.update(chunk)
    return sha256.hexdigest()


def write_part(path: str, estimates: Estimates, model: str, training: str) -> None:
    """Writes the file, whole or not at all. Raises OSError."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, one in estimates.layers.items():
        arrays |= {f"{name}/{key}": array for key, array in _arrays(one.batches or (one.sums,)).items()}
    head = {
        "format": _FORMAT,
        "model": model,
        "training": training,
        "layers": list(estimates.layers),
        "left": dict(estimates.left),
        "images": estimates.images,
        "batch_size": estimates.batch_size,
        "last": estimates.last,
        "how": dict(estimates.how),
    }
    write_arrays(path, {"bninspect": np.array(json.dumps(head)), **arrays})


def _arrays(batches: Sequence[MomentSums]) -> dict[str, NDArray[Any]]:
    """Of one layer, a row for each batch."""
    return {
        "mean": np.stack([one.moments.mean for one in batches]),
        "variance": np.stack([one.moments.variance for one in batches]),
        "values": np.array([one.moments.values for one in batches], np.float64),
        "images": np.array([one.images for one in batches], np.float64),
        "origin": np.stack([one.origin for one in batches]),
        "sums": np.stack([one.powers for one in batches]),
    }


def read_part(path: str) -> Part:
    """The part in this file. Raises InputError where it cannot be read or is none."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as found:  # noqa: PTH123
            return _part(path, found)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'damaged'}") from None
    except (*_UNREADABLE, *_MORE_UNREADABLE, AttributeError):
        raise InputError(f"{path} {_FOREIGN}, or it is damaged") from None


def _part(path: str, found: Any) -> Part:
    """Raises one of _UNREADABLE where anything is not as it is written."""
    head = from_json(str(found["bninspect"]))
    if head["format"] != _FORMAT:
        raise ValueError
    layers = {str(name): _layer(found, str(name)) for name in head["layers"]}
    numbers = hashlib.sha256()
    for name, one in layers.items():
        for sums in one.batches:
            for part in (sums.moments.mean, sums.moments.variance, sums.origin, sums.powers):
                numbers.update(name.encode("utf-8", "surrogatepass") + part.tobytes())
    images, batch_size, last = (int(head[key]) for key in ("images", "batch_size", "last"))
    if images < 0 or batch_size < 1 or last < 0 or len({len(one.batches) for one in layers.values()}) > 1:
        raise ValueError
    return Part(
        path=path,
        model=str(head["model"]),
        training=str(head["training"]),
        digest=numbers.hexdigest(),
        estimates=Estimates(
            layers=layers,
            left={str(key): str(value) for key, value in head["left"].items()},
            images=images,
            batch_size=batch_size,
            last=last,
            how={str(key): str(value) for key, value in head["how"].items()},
        ),
    )


def _layer(found: Any, name: str) -> Estimate:
    """One layer. Raises ValueError where its arrays do not fit each other."""
    mean, variance, values, images, origin, sums = (
        np.asarray(found[f"{name}/{key}"])
        for key in ("mean", "variance", "values", "images", "origin", "sums")
    )
    batches, channels = mean.shape
    fits = mean.shape == variance.shape == origin.shape and sums.shape == (batches, SUMS, channels)
    rows = values.shape == images.shape == (batches,) and batches > 0
    typed = all(part.dtype == np.float64 for part in (mean, variance, values, images, origin, sums))
    if not (fits and rows and typed and (values > 0).all() and (images > 0).all()):
        raise ValueError
    return _folded(
        tuple(
            MomentSums(
                moments=Moments(mean=mean[row], variance=variance[row], values=int(values[row])),
                images=int(images[row]),
                origin=origin[row],
                powers=sums[row],
            )
            for row in range(batches)
        )
    )


def _folded(batches: Sequence[MomentSums]) -> Estimate:
    """One layer over batches, in their order, as a run folds them."""
    fold = Fold(epsilons={}, keep=True)
    for sums in batches:
        fold.add({"": sums}, 0)
    return fold.layers[""]


def together(parts: Sequence[Part], model: str, training: str, fold: Fold) -> Estimates:
    """The estimates of all parts as one, batch by batch as one run has them, in a fold that is empty.

    Raises InputError, naming the part, for one of another model or taken in another way, and for one given
    twice.
    """
    first = parts[0]
    seen: dict[str, str] = {}
    for part in parts:
        _refuse_other(part, first, model, training)
        if part.digest in seen:
            raise InputError(f"{part.path} holds what {seen[part.digest]} holds: give every part once")
        seen[part.digest] = part.path
    for name in first.estimates.layers:
        if not all(name in part.estimates.layers for part in parts):
            fold.lose(name, "it was not measured in every part")
    fold.lost |= {name: reason for part in parts for name, reason in part.estimates.left.items()}
    for part in parts:
        for batch, images in _batches(part.estimates):
            fold.add(batch, images)
    return replace(
        first.estimates,
        layers=fold.layers,
        left=fold.lost,
        images=fold.images,
        last=min(part.estimates.last for part in parts),
        curve=fold.whole_curve(),
    )


def _batches(part: Estimates) -> Iterator[tuple[Batch, int]]:
    """Each batch of a part, and how many images that is."""
    count = max((len(one.batches) for one in part.layers.values()), default=0)
    rest = part.images
    for row in range(count):
        images = rest if row == count - 1 else min(part.batch_size, rest)
        rest -= images
        yield {name: one.batches[row] for name, one in part.layers.items()}, images


def _refuse_other(part: Part, first: Part, model: str, training: str) -> None:
    if part.model != model:
        raise InputError(f"{part.path} was taken of another model (its graph or its weights differ)")
    if part.training != training:
        raise InputError(
            f"{part.path} was taken with other layers in training mode: give --layer and --strip as they "
            "were given for the parts"
        )
    ours, theirs = _way(part.estimates), _way(first.estimates)
    for key in ours.keys() | theirs.keys():
        if ours.get(key) != theirs.get(key):
            raise InputError(
                f"{part.path} was taken with {key} {ours.get(key, 'none')}, and {first.path} with "
                f"{theirs.get(key, 'none')}: take all parts in one way"
            )


def _way(estimates: Estimates) -> Mapping[str, str]:
    return {"batch size": str(estimates.batch_size), **estimates.how}
