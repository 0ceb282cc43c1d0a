"""Keras files that are not loaded: with code in them, damaged, of another kind. One line each, code 2."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.cli import run
from tests.support.keras_archives import H5, KERAS, fixture_config, hdf5, keras_file, zipped
from tests.support.keras_models import LIBRARIES, library, quiet
from tests.support.places import FIXTURES
from tests.test_architecture import without_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable


def built(name: str, wrapped: str, path: Path) -> bytes:
    """A model with a Lambda layer called `twice` in it, as the library saves it."""
    keras = library(name)
    layers = keras.layers
    twice = layers.Lambda(lambda x: 2 * x, name="twice")
    with quiet():
        image = layers.Input((8, 8, 3), name="image")
        x = layers.BatchNormalization(name="bn")(image)
        if wrapped == "inner":
            inside = layers.Input((8, 8, 3))
            twice = keras.Model(inside, twice(inside), name="inner")
        elif wrapped == "TimeDistributed":
            twice = layers.TimeDistributed(twice, name="each")
        keras.Model(image, twice(x)).save(str(path))
    return path.read_bytes()


@pytest.mark.tensorflow
@pytest.mark.parametrize("wrapped", ["plain", "inner", "TimeDistributed"])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_lambda_is_refused_by_name(
    name: str, ending: str, wrapped: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    pytest.importorskip(name)
    told = refusal(built(name, wrapped, tmp_path / f"made{ending}"))
    assert told.startswith("refused to load: layer 'twice' is a Lambda: it holds Python code")


CALLED = """
import sys
import bninspect.models.keras.session as keras_session
def frozen(file):
    print("loaded")
    raise SystemExit(3)
keras_session.frozen = frozen
from bninspect.cli import run
code = run(["graph", sys.argv[1]])
assert "keras" not in sys.modules and "tf_keras" not in sys.modules and "tensorflow" not in sys.modules
sys.exit(code)
"""


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_code_is_refused_before_keras_is_imported(ending: str, tmp_path: Path) -> None:
    code = {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wAA", None, None]}}
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [code]}}
    path = tmp_path / f"model{ending}"
    if ending == ".keras":
        path.write_bytes(keras_file(config))
    else:
        path.write_bytes(hdf5(lambda file: file.attrs.update(model_config=json.dumps(config))))
    ended = subprocess.run(
        [sys.executable, "-c", CALLED, str(path)], capture_output=True, text=True, check=False,
        cwd=FIXTURES.parent,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "layer 'evil' is a Lambda" in ended.stderr


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip cut short": (lambda: KERAS.read_bytes()[:-400], "a zip archive that is damaged or cut short"),
    "zip with a byte changed": (
        lambda: KERAS.read_bytes().replace(b'"keras_version"', b'"keras_versiom"'),
        "a zip archive that is damaged or cut short: Bad CRC-32",
    ),
    "h5 cut short": (lambda: H5.read_bytes()[:-400], "an HDF5 file that is damaged or cut short: truncated"),
    "h5 of zeros": (lambda: H5.read_bytes()[:8] + bytes(9000), "an HDF5 file that is damaged or cut short"),
    "no json": (lambda: keras_file(b"{]"), "damaged: the configuration of the model is no JSON"),
    "no json in h5": (
        lambda: hdf5(lambda file: file.attrs.update(model_config="{]")),
        "damaged: the configuration of the model is no JSON",
    ),
    "a list": (lambda: keras_file([1]), "damaged: the configuration of the model is a list"),
    "no class": (lambda: keras_file({"a": 1}), "no Keras model: its configuration names no class_name"),
    "endless": (lambda: keras_file(b"[" * 100_000), "damaged: the configuration of the model is no JSON"),
    "weights cut short": (
        lambda: keras_file(fixture_config(), H5.read_bytes()[:3000]),
        "an HDF5 file that is damaged or cut short",
    ),
    "no weights": (
        lambda: zipped(config_DOT_json=json.dumps(fixture_config())),
        "a .keras archive without model.weights.h5",
    ),
    "bomb": (
        lambda: keras_file(fixture_config(), bytes(100_000_000)),
        "model.weights.h5 claims to have 100,000,000 bytes unpacked, from 97",
    ),
    "config bomb": (
        lambda: keras_file(b" " * 70_000_000),
        "config.json claims to have 70,000,000 bytes unpacked, from 6",
    ),
    "npz": (
        lambda: zipped(a_DOT_npy=b"\x93NUMPY", b_DOT_npy=b"\x93NUMPY"),
        "not a TensorFlow graph: this is a zip archive of NumPy arrays (.npz)",
    ),
    "pytorch": (
        lambda: zipped(model__data_DOT_pkl=b"\x80\x02."),
        "not a TensorFlow graph: this is a zip archive with a Python pickle in it (PyTorch?)",
    ),
    "zipped SavedModel": (
        lambda: zipped(net__saved_model_DOT_pb=b""),
        "not a TensorFlow graph: this is a zip archive with a SavedModel in it: unpack it and name",
    ),
    "any zip": (
        lambda: zipped(readme_DOT_txt="hello"),
        "not a TensorFlow graph: this is a zip archive and no Keras model (it has no config.json)",
    ),
    "any h5": (
        lambda: hdf5(lambda file: file.create_dataset("x", data=np.zeros(3))),
        "not a TensorFlow graph: this is an HDF5 file and no Keras model (it has no model_config)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_or_foreign_file_is_one_line(kind: str, refusal: Callable[..., str]) -> None:
    make, said = DAMAGED[kind]
    assert refusal(make()).startswith(said)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", LIBRARIES)
def test_weights_alone_say_what_to_save(name: str, tmp_path: Path, refusal: Callable[..., str]) -> None:
    pytest.importorskip(name)
    keras = library(name)
    with quiet():
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
        endings = [".weights.h5"] if name == "keras" else [".weights.h5", ".h5"]
        for ending in endings:
            path = tmp_path / f"only{ending}"
            model.save_weights(str(path))
            assert "of Keras's weights alone (save_weights), without the model: save" in refusal(
                path.read_bytes()
            )


@pytest.mark.tensorflow
def test_what_keras_itself_refuses_is_one_line(refusal: Callable[..., str]) -> None:
    config = fixture_config()
    config["config"]["layers"][-1]["config"]["axis"] = 7
    told = refusal(keras_file(config))
    assert told.startswith("keras 3.")
    assert "does not load this model, written by Keras 3." in told


@pytest.mark.tensorflow
def test_without_tf_keras_what_keras_3_cannot_load_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    told = refusal((FIXTURES / "model_115.h5").read_bytes())
    assert told.startswith("keras 3.")
    assert "written by Keras 2.2.4-tf: " in told
    assert told.endswith("; what Keras 2 wrote is loaded by tf_keras: pip install tf_keras")
    assert run(["graph", str(H5)]) == 0, "a plain one it can load"
    assert "1 batch norm runs in inference mode" in capsys.readouterr().out


@pytest.mark.tensorflow
def test_a_model_without_inputs(tmp_path: Path, refusal: Callable[..., str]) -> None:
    keras = library("keras")
    path = tmp_path / "unbuilt.keras"
    with quiet():
        keras.Sequential([keras.layers.BatchNormalization()]).save(str(path))
    assert refusal(path.read_bytes()).startswith("the model does not say what its inputs are")


@pytest.mark.parametrize("model", [KERAS, H5], ids=lambda path: path.name)
def test_without_tensorflow_it_says_what_to_install(model: Path) -> None:
    said = f"{model}: a Keras file is read by loading it: running a model needs TensorFlow: pip install"
    ended = without_tensorflow("graph", str(model))
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"bninspect: {said}")
    ended = without_tensorflow("check", str(model), "--format", "json")
    assert (ended.returncode, ended.stderr) == (2, "")
    assert json.loads(ended.stdout)["models"][0]["error"].startswith(said)


@pytest.mark.tensorflow
def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(H5.read_bytes())))
    pytest.importorskip("tf_keras")
    assert run(["graph", "-"]) == 0
    assert "1 batch norm runs in inference mode" in capsys.readouterr().out
