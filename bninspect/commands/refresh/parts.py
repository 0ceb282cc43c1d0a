"""`--moments PART.npz`: the estimates of one part of a large set in a file; and the parts together.

A file holds, of each layer, `<layer>/mean`, `/variance` (shape (channels,)), `/values` and `/images` (one
number each), the sums of `statistics.spread` under `/origin` and `/sums`, all in float64; and under
`bninspect` a text (JSON) that says of which model they are and how they were taken. Only parts of one model,
taken in one way and cut at the borders of batches are what one run over all would have given.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.commands.probe.save import save
from bninspect.commands.refresh.estimates import Estimate, Estimates
from bninspect.documents import from_json
from bninspect.errors import InputError
from bninspect.graphdef.writer import pieces
from bninspect.statistics.pooling import Moments
from bninspect.statistics.spread import SUMS, Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef

    Floats = NDArray[np.float64]

_CHUNK = 1 << 20
_FORMAT = "bninspect moments 1"
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    told = hashlib.sha256()
    path = Path(graphdef.path)
    if graphdef.format.startswith("keras") and path.is_file():
        with path.open("rb") as stream:
            while part := stream.read(_CHUNK):
                told.update(part)
        return told.hexdigest()
    for span in pieces(graphdef):
        for chunk in span.chunks():
            told.update(chunk)
    return told.hexdigest()


def write_part(path: str, estimates: Estimates, model: str, training: str) -> None:
    """Writes the file, whole or not at all. Raises OSError."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, one in estimates.layers.items():
        moments = one.spread.moments
        arrays[f"{name}/mean"], arrays[f"{name}/variance"] = moments.mean, moments.variance
        arrays[f"{name}/values"] = np.array(moments.values, np.float64)
        arrays[f"{name}/images"] = np.array(one.spread.images, np.float64)
        arrays[f"{name}/fewest"] = np.array(one.fewest, np.float64)
        arrays[f"{name}/origin"], arrays[f"{name}/sums"] = one.spread.origin, one.spread.sums
    told = {
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
    save(path, {"bninspect": np.array(json.dumps(told)), **arrays})


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
    told = from_json(str(found["bninspect"]))
    if told["format"] != _FORMAT:
        raise ValueError
    layers = {str(name): _layer(found, str(name)) for name in told["layers"]}
    numbers = hashlib.sha256()
    for name, one in layers.items():
        for part in (
            one.spread.moments.mean,
            one.spread.moments.variance,
            one.spread.origin,
            one.spread.sums,
        ):
            numbers.update(name.encode("utf-8", "surrogatepass") + part.tobytes())
    images, batch_size, last = (int(told[key]) for key in ("images", "batch_size", "last"))
    if images < 0 or batch_size < 1 or last < 0:
        raise ValueError
    return Part(
        path=path,
        model=str(told["model"]),
        training=str(told["training"]),
        digest=numbers.hexdigest(),
        estimates=Estimates(
            layers=layers,
            left={str(key): str(value) for key, value in told["left"].items()},
            images=images,
            batch_size=batch_size,
            last=last,
            how={str(key): str(value) for key, value in told["how"].items()},
        ),
    )


def _layer(found: Any, name: str) -> Estimate:
    """One layer. Raises ValueError where its arrays do not fit each other."""
    mean, variance, origin, sums = (
        np.asarray(found[f"{name}/{key}"]) for key in ("mean", "variance", "origin", "sums")
    )
    values, images, fewest = (int(found[f"{name}/{key}"]) for key in ("values", "images", "fewest"))
    fits = mean.shape == variance.shape == origin.shape == (mean.size,) and sums.shape == (SUMS, mean.size)
    typed = all(part.dtype == np.float64 for part in (mean, variance, origin, sums))
    if not (fits and typed and values > 0 and images > 0 and fewest > 0):
        raise ValueError
    moments = Moments(mean=mean, variance=variance, values=values)
    return Estimate(spread=Spread(moments=moments, images=images, origin=origin, sums=sums), fewest=fewest)


def together(parts: Sequence[Part], model: str, training: str) -> Estimates:
    """The estimates of all parts as one.

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
    left = {name: reason for part in parts for name, reason in part.estimates.left.items()}
    layers = {
        name: Estimate(
            spread=Spread.merged([part.estimates.layers[name].spread for part in parts]),
            fewest=min(part.estimates.layers[name].fewest for part in parts),
        )
        for name in first.estimates.layers
        if all(name in part.estimates.layers for part in parts)
    }
    for name in first.estimates.layers:
        if name not in layers:
            left.setdefault(name, "it was not measured in every part")
    return replace(
        first.estimates,
        layers=layers,
        left=left,
        images=sum(part.estimates.images for part in parts),
        last=min(part.estimates.last for part in parts),
    )


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
