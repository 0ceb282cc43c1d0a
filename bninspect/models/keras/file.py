"""What a Keras file holds, read without Keras: the configuration of the model, who wrote it, its weights.

Keras is then given a copy with nothing else in it, in a folder of our own: what was checked is what is
loaded, whatever the file was called, and nothing is unpacked by a name that stands in an archive.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from bninspect.documents import from_json
from bninspect.errors import GraphDefError, first_line
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.models.keras import safety as keras_safety
from bninspect.models.keras.weights import copied, most_unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.graphdef.sniff import ArchiveError
    from bninspect.graphdef.wire import Buffer

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_LONGEST = {_CONFIG: 1 << 26, _METADATA: 1 << 20}
"""Bytes that a part of the archive may have unpacked."""
_DEEPEST = 2000
"""Levels of a configuration: four to a model within a model, and `keras_safety` has the last word."""
_SAVE = "save the whole model (model.save) and name that file"
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OverflowError, KeyError,
)  # fmt: skip
"""What zipfile raises for an archive that is cut short, damaged or encrypted."""


@frozen_dataclass
class KerasFile:
    """A model that Keras may load."""

    format: str
    """`keras` or `keras-h5`."""
    version: str | None
    """Of the Keras that wrote it; None where it does not say."""
    copy: Path
    """The checked copy, with the ending by which Keras tells the format."""


def unpacked(found: ArchiveError, folder: Path) -> KerasFile:
    """The Keras model in an archive, checked, with a copy of it in the folder.

    Raises GraphDefError for another kind of archive, a damaged one, and one that holds code.
    """
    return _of_zip(found.buffer, folder) if found.kind == "zip" else _of_hdf5(found.buffer, folder)


def _of_zip(buffer: Buffer, folder: Path) -> KerasFile:
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(buffer))) as archive:
            names = archive.namelist()
            if _CONFIG not in names:
                raise GraphDefError(_other_zip(names))
            config = _model(_part(archive, _CONFIG))
            keras_safety.drop_compilation(config)
            keras_safety.check(config)
            metadata = _json(_part(archive, _METADATA), _METADATA) if _METADATA in names else {}
            if _WEIGHTS not in names:
                raise GraphDefError(f"a .keras archive without {_WEIGHTS}: {_SAVE}")
            unchecked, weights = folder / f"unchecked-{_WEIGHTS}", folder / _WEIGHTS
            with archive.open(_sized(archive, _WEIGHTS)) as source, unchecked.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except _DAMAGED as error:
        raise GraphDefError(f"a zip archive that is damaged or cut short: {first_line(error)}") from None
    copied(unchecked, weights)
    unchecked.unlink()
    copy = folder / "model.keras"
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, json.dumps(config))
        archive.write(weights, _WEIGHTS)
    weights.unlink()
    return KerasFile(format="keras", version=_version(metadata), copy=copy)


def _of_hdf5(buffer: Buffer, folder: Path) -> KerasFile:
    unchecked, copy = folder / "unchecked.h5", folder / "model.h5"
    unchecked.write_bytes(bytes(buffer))
    held = copied(unchecked, copy)
    unchecked.unlink()
    config = held.attributes.get("model_config")
    if config is None:
        raise GraphDefError(_other_hdf5(set(held.attributes), set(held.groups)))
    keras_safety.check(_model(config))
    return KerasFile(format="keras-h5", version=held.attributes.get("keras_version"), copy=copy)


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(_sized(archive, name))


def _sized(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The entry of this name. Raises GraphDefError where it claims more than such a part can have."""
    info = archive.getinfo(name)
    most = _LONGEST.get(name, most_unpacked(info.compress_size))
    if info.file_size > most:
        raise GraphDefError(
            f"{name} claims to have {info.file_size:,} bytes unpacked, from {info.compress_size:,}: refused"
        )
    return info


def _model(text: bytes | str) -> dict[str, Any]:
    """The configuration of a model."""
    config = _json(text, "the configuration of the model")
    if not isinstance(config.get("class_name"), str) or "config" not in config:
        raise GraphDefError("no Keras model: its configuration names no class_name and config")
    return config


def _json(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        found = from_json(text, _DEEPEST)
    except ValueError as error:
        raise GraphDefError(f"damaged: {what} is no JSON: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise GraphDefError(f"damaged: {what} is a {type(found).__name__}, not an object of JSON")
    return found


def _version(metadata: dict[str, Any]) -> str | None:
    version = metadata.get("keras_version")
    return version if isinstance(version, str) else None


def _other_zip(names: list[str]) -> str:
    """What an archive is that is no Keras model."""
    said = "not a TensorFlow graph: this is a zip archive"
    if any(name.rpartition("/")[2] in ("saved_model.pb", "saved_model.pbtxt") for name in names):
        return f"{said} with a SavedModel in it: unpack it and name the folder"
    if any(name.endswith("data.pkl") for name in names):
        return f"{said} with a Python pickle in it (PyTorch?), which is never loaded"
    if names and all(name.endswith(".npy") for name in names):
        return f"{said} of NumPy arrays (.npz)"
    return f"{said} and no Keras model (it has no {_CONFIG}): unpack it"


def _other_hdf5(attributes: set[str], names: set[str]) -> str:
    """What an HDF5 file is that holds no configuration of a model."""
    if "layer_names" in attributes or "layers" in names or "_layer_checkpoint_dependencies" in names:
        return f"an HDF5 file of Keras's weights alone (save_weights), without the model: {_SAVE}"
    return "not a TensorFlow graph: this is an HDF5 file and no Keras model (it has no model_config)"
