"""`python -m tests.converters`: what converters make of a model before strip and after it.

Each converts the model (or reads it, as OpenCV does) and runs the result on seeded values, and the numbers
are compared with those of TensorFlow in inference and in training mode. Prints the table of
docs/converters.md, with the versions.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import bninspect
from bninspect.errors import RunError
from bninspect.run.session import Session
from tests.support.places import FIXTURES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

Array = NDArray[Any]
IMAGE = np.random.default_rng(11).standard_normal((2, 8, 8, 3)).astype(np.float32)
TOLERANCE = 1e-5
"""Of the largest value: converters fold and reorder."""
PACKAGES = {
    "TFLite": ("tensorflow",),
    "OpenCV": ("cv2",),
    "tf2onnx": ("tf2onnx", "onnxruntime", "tensorflow"),
}
CONDITIONALS = frozenset({"IF", "If", "WHILE"})


class Model(NamedTuple):
    """A fixture, what decides its mode, and its output."""

    file: str
    source: str | None
    output: str = "output"
    training_when: bool = True

    def feeds(self, training: bool) -> dict[str, Array]:
        """What to feed TensorFlow."""
        value = np.asarray(training == self.training_when)
        decided = {} if self.source is None else {f"{self.source}:0": value}
        return {"image:0": IMAGE, **decided}


class Made(NamedTuple):
    """What a converter made."""

    values: Array
    ops: frozenset[str]


MODELS = (
    Model("layers_decomposed_115.pb", "training"),
    Model("slim_resnet.pb", "is_training"),
    Model("dropout_decoy_115.pb", "training"),
    Model("names_lie.pb", "training", training_when=False),
    Model("stateless_if_net.pb", "training", "Identity"),
    Model("tfkeras_if.pb", "training", "Identity"),
    Model("cond_ema_115.pb", "phase_train"),
    Model("const_true.pb", None),
    Model("tfkeras_training.pb", None, "Identity"),
)


def why_not(converter: str) -> str | None:
    """Why this converter cannot be tried here; None where it can."""
    missing = [name for name in PACKAGES[converter] if find_spec(name) is None]
    return f"{', '.join(missing)} not installed" if missing else None


def tflite(path: Path, inputs: Mapping[str, Array], output: str) -> Made:
    """By TensorFlow's own converter, run by its interpreter."""
    import tensorflow as tf

    names = [name[:-2] for name in inputs]
    shapes = {name[:-2]: list(value.shape) for name, value in inputs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph
        data = make(str(path), names, [output], shapes).convert()
        interpreter = tf.lite.Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for place in interpreter.get_input_details():
        interpreter.set_tensor(place["index"], inputs[f"{place['name'].removesuffix(':0')}:0"])
    interpreter.invoke()
    values = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return Made(values, frozenset(op["op_name"] for op in interpreter._get_ops_details()))


def opencv(path: Path, inputs: Mapping[str, Array], output: str) -> Made:
    """By OpenCV's reader of frozen graphs, which takes no boolean: it decides by itself."""
    import cv2

    network = cv2.dnn.readNetFromTensorflow(str(path))
    network.setInput(np.ascontiguousarray(inputs["image:0"].transpose(0, 3, 1, 2)), "image")
    values = network.forward()
    return Made(values.transpose(0, 2, 3, 1) if values.ndim == 4 else values, frozenset())


def tf2onnx(path: Path, inputs: Mapping[str, Array], output: str) -> Made:
    """By tf2onnx, run by onnxruntime."""
    import logging

    import onnxruntime
    import tensorflow as tf
    import tf2onnx as converter

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    graphdef = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    model, _ = converter.convert.from_graph_def(
        graphdef, input_names=list(inputs), output_names=[f"{output}:0"]
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = {place.name for place in session.get_inputs()}
    values = session.run(None, {name: value for name, value in inputs.items() if name in wanted})[0]
    return Made(values, frozenset(node.op_type for node in model.graph.node))


CONVERTERS: dict[str, Callable[[Path, Mapping[str, Array], str], Made]] = {
    "TFLite": tflite,
    "OpenCV": opencv,
    "tf2onnx": tf2onnx,
}


@cache
def _stripped(model: Model) -> bytes:
    """The stripped model, which needs no TensorFlow."""
    with tempfile.TemporaryDirectory() as folder:
        bninspect.strip(FIXTURES / model.file, Path(folder) / "out.pb", verify=False)
        return (Path(folder) / "out.pb").read_bytes()


def reference(model: Model, training: bool) -> Array | None:
    """What TensorFlow gives in this mode; None where the file has no such mode, or TensorFlow refuses it."""
    stripped = model.source is None and not training
    data = _stripped(model) if stripped else (FIXTURES / model.file).read_bytes()
    try:
        with Session(data) as session:
            return session.run([f"{model.output}:0"], model.feeds(training))[0]
    except RunError:
        if training:
            return None
    with Session(_stripped(model)) as session:
        return session.run([f"{model.output}:0"], {"image:0": IMAGE})[0]


def same(values: Array, expected: Array | None) -> bool:
    """Whether the numbers agree, to TOLERANCE of the largest."""
    if expected is None or values.shape != expected.shape:
        return False
    return bool(np.abs(values - expected).max() <= TOLERANCE * np.abs(expected).max())


def outcome(converter: str, model: Model, *, stripped: bool) -> str:
    """What became of it: `inference`, `training`, `other numbers` or `refused`; `asks at run time` where a
    conditional is left that serves inference when it is told to.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pb"
        path.write_bytes(_stripped(model) if stripped else (FIXTURES / model.file).read_bytes())
        inputs = {"image:0": IMAGE} if stripped else model.feeds(training=False)
        try:
            made = CONVERTERS[converter](path, inputs, model.output)
        except Exception:
            return "refused"
    found = "other numbers"
    for mode, training in (("training", True), ("inference", False)):
        if same(made.values, reference(model, training)):
            found = mode
    asks = found == "inference" and not stripped and made.ops & CONDITIONALS
    return "asks at run time" if asks else f"{found}, a conditional" if made.ops & CONDITIONALS else found


def main() -> int:
    """Prints the table."""
    usable = [name for name in CONVERTERS if why_not(name) is None]
    for name in CONVERTERS.keys() - set(usable):
        print(f"{name} is left out: {why_not(name)}", file=sys.stderr)
    packages = ("tensorflow", "opencv-python-headless", "tf2onnx", "onnxruntime")
    print(", ".join(f"{name} {version(name)}" for name in packages if _installed(name)))
    print(f"| model | {' | '.join(f'{name} before | {name} after' for name in usable)} |")
    print("|---" * (1 + 2 * len(usable)) + "|")
    for model in MODELS:
        cells = [outcome(name, model, stripped=stripped) for name in usable for stripped in (False, True)]
        print(f"| `{model.file}` | {' | '.join(cells)} |", flush=True)
    return 0


def _installed(package: str) -> bool:
    try:
        version(package)
    except ModuleNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
