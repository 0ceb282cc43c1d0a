"""Archives as Keras writes them, and as it does not: made by hand, byte by byte known."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

KERAS, H5 = FIXTURES / "model.keras", FIXTURES / "model.h5"
h5py = pytest.importorskip("h5py", reason="h5py comes with TensorFlow, which is not installed")


def zipped(**members: bytes | str) -> bytes:
    """A zip archive; `__` in a name stands for a slash, `_DOT_` for a dot."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_DOT_", ".").replace("__", "/"), content)
    return data.getvalue()


def keras_file(config: Any, weights: bytes | None = None) -> bytes:
    """A .keras archive with this configuration and the weights of the fixture."""
    with zipfile.ZipFile(KERAS) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", held["metadata.json"])
        archive.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", held["model.weights.h5"] if weights is None else weights)
    return data.getvalue()


def fixture_config() -> dict[str, Any]:
    with zipfile.ZipFile(KERAS) as archive:
        config: dict[str, Any] = json.loads(archive.read("config.json"))
    return config


def hdf5(build: Callable[[Any], None]) -> bytes:
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        build(file)
    return data.getvalue()
