"""HDF5 is read by a process of its own: one that does not end is ended, and its copy is what is loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bninspect.errors import GraphDefError, RunError
from bninspect.models.keras import weights as keras_weights
from bninspect.models.keras.weights import copied
from tests.support.keras_archives import h5py

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file with a group, numbers and text."""
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["layer_names"] = [b"a", b"b"]
        group = file.create_group("model_weights/bn")
        group.create_dataset("gamma:0", data=[1.0, 2.0])
        group.attrs["weight_names"] = [b"bn/gamma:0"]
    return path


def test_the_copy_holds_what_the_file_holds(source: Path, tmp_path: Path) -> None:
    held = copied(source, tmp_path / "copy.h5")
    assert held.attributes == {"model_config": "{}", "keras_version": "2.4.0", "layer_names": None}
    assert held.groups == ("model_weights",)
    with h5py.File(tmp_path / "copy.h5", "r") as file:
        assert list(file["model_weights/bn/gamma:0"][:]) == [1.0, 2.0]
        assert list(file["model_weights/bn"].attrs["weight_names"]) == ["bn/gamma:0"]
        assert list(file.attrs["layer_names"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("start", "error", "told"),
    [
        ("import time; time.sleep(60)", GraphDefError, "it was not read through in 1 seconds"),
        ("import os; os.abort()", GraphDefError, "reading it ends the process that reads"),
        ("print('[')", GraphDefError, "reading it ends the process that reads"),
        ("print('{\"missing\": true}')", RunError, "needs h5py"),
        ('print(\'{"error": "it is damaged"}\')', GraphDefError, "it is damaged"),
    ],
)
def test_whatever_becomes_of_the_child_is_one_error(
    monkeypatch: pytest.MonkeyPatch,
    source: Path,
    tmp_path: Path,
    start: str,
    error: type[Exception],
    told: str,
) -> None:
    monkeypatch.setattr(keras_weights, "_START", start)
    monkeypatch.setattr(keras_weights, "_SECONDS", 1.0)
    with pytest.raises(error, match=told):
        copied(source, tmp_path / "copy.h5")


def test_a_folder_with_modules_of_its_own_is_not_searched(
    monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "h5py.py").write_text("raise SystemExit('foreign')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [path for path in sys.path if path])
    assert copied(source, tmp_path / "copy.h5").groups == ("model_weights",)
