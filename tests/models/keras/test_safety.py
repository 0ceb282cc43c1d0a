"""What a Keras configuration may hold: no code, and only names of Keras's own that only compute."""

from __future__ import annotations

import importlib
import inspect as python
import pkgutil
from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.models.keras.names import CLASSES, FUNCTIONS, TENSORFLOW_FUNCTIONS
from bninspect.models.keras.safety import check, drop_compilation

LEFT_OUT = {
    "AbstractRNNCell", "DenseFeatures", "FlaxLayer", "InputSpec", "IntegerLookup", "JaxLayer", "Lambda",
    "StringLookup", "TFSMLayer", "TextVectorization", "TorchModuleWrapper",
}  # fmt: skip
"""Layers of Keras's own that hold code, load from a path or call what they are given; two are none."""
LEFT_OUT_OPERATIONS = {
    "AssociativeScan", "Cond", "ForiLoop", "Function", "JVP", "Map", "Operation", "Scan", "Switch",
    "VectorizedMap", "WhileLoop",
}  # fmt: skip
"""Operations that call a function."""


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    """A functional model of these layers."""
    return {"class_name": "Functional", "config": {"name": "net", "layers": list(layers)}}


def layer(name: str, kind: str, /, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(GraphDefError) as caught:
        check(config)
    told = str(caught.value)
    assert "\n" not in told
    assert "SavedModel" in told
    return told


LAMBDA = layer("twice", "Lambda", function=["4wEAAAA=", None, None], function_type="lambda")
CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}


@pytest.mark.parametrize(
    ("config", "name", "said"),
    [
        (model(LAMBDA), "twice", "is a Lambda"),
        (model(layer("inner", "Functional", layers=[LAMBDA])), "twice", "is a Lambda"),
        (model(layer("each", "TimeDistributed", layer=LAMBDA)), "twice", "is a Lambda"),
        (model(layer("both", "Bidirectional", layer=layer("rnn", "RNN", cell=LAMBDA))), "twice", "Lambda"),
        (model(layer("act", "Activation", activation=CODE)), "act", "__lambda__"),
        (model(layer("dense", "Dense", kernel_initializer=CODE)), "dense", "__lambda__"),
        (model(layer("dense", "Dense", bias_regularizer={"inside": [[CODE]]})), "dense", "__lambda__"),
        (model(layer("own", "MyLayer")), "own", "'MyLayer'"),
        (model(layer("torch", "TorchModuleWrapper", module="gASV")), "torch", "'TorchModuleWrapper'"),
        (model(layer("saved", "TFSMLayer", filepath="/tmp/x")), "saved", "'TFSMLayer'"),
        (model(layer("words", "StringLookup", vocabulary="/etc/passwd")), "words", "'StringLookup'"),
        (model({**layer("own", "Dense"), "module": "os"}), "own", "the module 'os'"),
        (model({**layer("own", "Dense"), "module": "keras_evil"}), "own", "'keras_evil'"),
        (model({**layer("own", "Dense"), "module": "keras/../x"}), "own", "'keras/../x'"),
        (model({**layer("own", "Dense"), "module": ["keras"]}), "own", "['keras']"),
        (model({**layer("own", "Dense"), "registered_name": "mine>Dense"}), "own", "'mine>Dense'"),
        (model(layer("dense", "Dense", activation="my_swish")), "dense", "'my_swish'"),
        (
            model(layer("dense", "Dense", activation={"class_name": "function", "config": "get_file",
                                                      "module": "keras.utils"})),
            "dense",
            "'get_file'",
        ),
        (model({"class_name": "function", "config": {"a": 1}}), "net", "{'a': 1}"),
        (model(layer("typed", "Dense", dtype={"class_name": "__typespec__"})), "typed", "'__typespec__'"),
        (model(layer("rm", "TFOpLambda", function="io.gfile.rmtree")), "rm", "'io.gfile.rmtree'"),
        (model(layer("rm", "TFOpLambda", function="compat.v1.py_func")), "rm", "'compat.v1.py_func'"),
        (model(layer("rm", "TFOpLambda")), "rm", "None"),
        (model(layer("rm", "SlicingOpLambda", function="io.read_file")), "rm", "'io.read_file'"),
        (model(layer("method", "InstanceMethod", attr_name="numpy")), "method", "'InstanceMethod'"),
        (model({"class_name": ["Dense"], "config": {}}), "net", "['Dense']"),
        (model(layer("part", "Dense", build_config={"x": CODE})), "part", "__lambda__"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_by_its_layer(config: dict[str, Any], name: str, said: str) -> None:
    told = refusal(config)
    assert f"layer {name!r}" in told
    assert said in told


@pytest.mark.parametrize(
    "config",
    [
        model(layer("bn", "BatchNormalization", gamma_initializer={"class_name": "Ones", "config": {}})),
        model({**layer("bn", "BatchNormalization"), "module": "keras.layers", "registered_name": None}),
        model({**layer("f", "Functional", layers=[]), "module": "keras.src.models.functional"}),
        model({**layer("f", "Functional", layers=[]), "module": "tf_keras.src.engine.functional"}),
        model({**layer("add", "Add"), "module": "keras.src.ops.numpy", "registered_name": "Add"}),
        model(layer("act", "Activation", activation="gelu")),
        model(layer("cell", "LSTM", recurrent_activation="hard_sigmoid", activation="tanh")),
        model(layer("op", "TFOpLambda", function="math.truediv")),
        model(layer("op", "TFOpLambda", function="compat.v1.nn.relu")),
        model(layer("op", "TFOpLambda", function="concat")),
        model(layer("dense", "Dense", activation={"class_name": "function", "config": "relu6",
                                                  "module": "builtins", "registered_name": "relu6"})),
    ],
)  # fmt: skip
def test_what_keras_writes_is_let_through(config: dict[str, Any]) -> None:
    check(config)


def test_a_layer_without_a_name_is_refused_too() -> None:
    assert "(without a name)" in refusal({"class_name": "Mine", "config": {}})


def test_nesting_without_end() -> None:
    config: dict[str, Any] = model()
    for _ in range(600):
        config = model(config)
    with pytest.raises(GraphDefError, match="nested over 500 levels"):
        check(config)


def test_what_models_were_compiled_with_is_dropped_at_any_depth() -> None:
    compiled = {"compile_config": {"loss": {"class_name": "MyLoss", "config": {}}}}
    config = {**model({**layer("inner", "Functional", layers=[]), **compiled}), **compiled}
    drop_compilation(config)
    assert config == model(layer("inner", "Functional", layers=[]))


def classes(module: Any) -> set[str]:
    """Names of the classes in a module, aliases like `glorot_normal` left out."""
    return {name for name, held in vars(module).items() if python.isclass(held) and name[0].isupper()}


@pytest.mark.tensorflow
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_every_layer_is_allowed_or_left_out_on_purpose(library: str) -> None:
    pytest.importorskip(library)
    layers = classes(importlib.import_module(f"{library}.layers"))
    assert len(layers) > 100
    assert not layers & CLASSES & LEFT_OUT
    assert layers <= CLASSES | LEFT_OUT


@pytest.mark.tensorflow
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_what_layers_are_made_with_is_allowed(library: str) -> None:
    pytest.importorskip(library)
    for part, bases in (
        ("initializers", {"Initializer", "STFT"}),
        ("regularizers", {"Regularizer"}),
        ("constraints", {"Constraint"}),
    ):
        assert classes(importlib.import_module(f"{library}.{part}")) <= CLASSES | bases
    activations = importlib.import_module(f"{library}.activations")
    given = {name for name, held in vars(activations).items() if python.isfunction(held)}
    assert given - {"serialize", "deserialize", "get"} <= FUNCTIONS


@pytest.mark.tensorflow
def test_every_operation_is_allowed_or_calls_a_function() -> None:
    keras_ops = importlib.import_module("keras.src.ops")
    base = importlib.import_module("keras.src.ops.operation").Operation
    found = set()
    for module in pkgutil.iter_modules(keras_ops.__path__):
        if not module.name.endswith("_test"):
            held = vars(importlib.import_module(f"keras.src.ops.{module.name}")).items()
            found |= {name for name, one in held if python.isclass(one) and issubclass(one, base)}
    assert len(found) > 200
    assert not found & CLASSES & LEFT_OUT_OPERATIONS
    assert {name for name in found if not name.startswith("_")} <= CLASSES | LEFT_OUT_OPERATIONS


@pytest.mark.tensorflow
def test_functions_of_tensorflow_are_there() -> None:
    tensorflow = importlib.import_module("tensorflow")
    held = {*dir(tensorflow), *dir(tensorflow.compat.v1), *dir(tensorflow.math)}
    assert TENSORFLOW_FUNCTIONS - held <= {"realdiv"}
