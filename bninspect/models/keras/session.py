"""Loads a checked Keras file and freezes it in memory. No other file imports keras or tf_keras.

A Keras file holds no graph: what runs is what Keras builds from its configuration. So the model is called
once as `predict` calls it, with training=False, and traced; its variables become constants, and that graph
is read like any other. A model that trains all the same keeps its variables, to show what it updates.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.errors import RunError
from bninspect.graphdef.records import SignatureDef
from bninspect.models.keras import scopes as keras_scopes
from bninspect.run import session
from bninspect.run.messages import first_line, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bninspect.models.keras.file import KerasFile

_BACKEND = "KERAS_BACKEND"
_NO_NAME = re.compile(r"[^A-Za-z0-9_.\-/]|^[^A-Za-z0-9.]")
_CUTS = (" using config=", " Full object config", "Full config", " Make sure custom classes")
_MOST = 300


class Frozen(NamedTuple):
    """A model as a graph."""

    serialized: bytes
    """A GraphDef."""
    signature: SignatureDef
    variables: Mapping[str, bytes] | None
    """Node of a variable -> its value, a TensorProto; None where all are constants."""


def frozen(file: KerasFile) -> Frozen:
    """The model of the file as a graph of what `predict` runs.

    Raises RunError where TensorFlow or the Keras it needs is missing, or does not load the file.
    """
    with _undisturbed():
        try:
            tf = session.tensorflow()
        except RunError as error:
            raise RunError(f"a Keras file is read by loading it: {error}") from None
        library = _library(file)
        try:
            # Of tf_keras, .h5 takes no safe_mode: what it would refuse has been looked for.
            safe = {"safe_mode": True} if file.format == "keras" else {}
            model = library.models.load_model(str(file.copy), compile=False, **safe)
            return _frozen(tf, model)
        except RunError:
            raise
        except Exception as error:
            raise RunError(
                f"{library.__name__} {library.__version__} does not load this model"
                f"{_written_by(file)}: {_reason(error)}{_hint(library, file)}"
            ) from error


def _frozen(tf: Any, model: Any) -> Frozen:
    """The graph of the model called with training=False."""
    structure = _inputs(model)
    names = _names(tensor.name for tensor in tf.nest.flatten(structure))
    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for tensor, name in zip(tf.nest.flatten(structure), names, strict=True)
    ]

    def call(*inputs: Any) -> list[Any]:
        given = model(tf.nest.pack_sequence_as(structure, inputs), training=False)
        outputs: list[Any] = tf.nest.flatten(given)
        return outputs

    with keras_scopes.noted(tf, model) as scopes:
        traced = tf.function(call, autograph=False).get_concrete_function(*specs)
    called = keras_scopes.variable_names(model, traced, scopes)
    variables = None
    if any(op.type.startswith("Assign") for op in traced.graph.get_operations()):
        graphdef, variables = _with_variables(tf, traced)
    else:
        traced = session.with_constants(traced)
        graphdef = traced.graph.as_graph_def()
    new = keras_scopes.new_names((node.name for node in graphdef.node), scopes, called)
    keras_scopes.rename(graphdef, new)
    if variables is not None:
        variables = {new.get(name, name): value for name, value in variables.items()}

    def tensor_name(tensor: Any) -> str:
        return f"{new.get(tensor.op.name, tensor.op.name)}:{tensor.value_index}"

    outputs = _names(getattr(model, "output_names", ()), len(traced.outputs))
    signature = SignatureDef(
        key="serving_default",
        inputs=dict(zip(names, map(tensor_name, traced.inputs), strict=False)),
        outputs=dict(zip(outputs, map(tensor_name, traced.outputs), strict=True)),
    )
    return Frozen(graphdef.SerializeToString(), signature, variables)


def _with_variables(tf: Any, traced: Any) -> tuple[Any, dict[str, bytes]]:
    """The graph of a model that updates variables with every call, as a SavedModel would have it, and their
    values: a constant cannot be updated, and what is updated tells whose statistics it is.
    """
    graphdef = traced.graph.as_graph_def()
    nodes = {node.name: node for node in graphdef.node}
    held = {id(variable.handle): variable for variable in traced.graph.variables}
    values = {}
    for outer, inner in traced.graph.captures:
        node, variable = nodes[inner.op.name], held.get(id(outer))
        node.attr.clear()
        if variable is None:
            node.op = "Const"
            node.attr["dtype"].type = outer.dtype.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(outer))
            continue
        node.op = "VarHandleOp"
        node.attr["dtype"].type = variable.dtype.as_datatype_enum
        node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
        node.attr["shared_name"].s = node.name.encode()
        values[node.name] = tf.make_tensor_proto(variable.numpy()).SerializeToString()
    for output in traced.outputs:  # whoever asks for one has the updates run
        nodes[output.op.name].input.extend(f"^{op.name}" for op in traced.graph.control_outputs)
    return graphdef, values


def _inputs(model: Any) -> Any:
    """The inputs in the structure that the model is called with."""
    for name in ("input", "inputs"):  # a Sequential of Keras 3 has the second alone
        try:
            found = getattr(model, name)
        except (AttributeError, ValueError):
            continue
        if found is not None:
            return found[0] if isinstance(found, list) and len(found) == 1 else found
    raise RunError("the model does not say what its inputs are: call it once on an input before it is saved")


def _names(given: Any, count: int | None = None) -> list[str]:
    """Names as TensorFlow takes them for nodes, none twice; `count` of them, whatever is given."""
    wanted = [_NO_NAME.sub("_", str(name).partition(":")[0]) or "tensor" for name in given]
    if count is not None and len(wanted) != count:
        wanted = [f"output_{number}" for number in range(count)]
    found: list[str] = []
    for name in wanted:
        unique = next(
            other
            for other in (name, *(f"{name}_{number}" for number in range(1, len(wanted) + 1)))
            if other not in found
        )
        found.append(unique)
    return found


def _library(file: KerasFile) -> Any:
    """The Keras that loads the file: tf_keras for what Keras 2 wrote, if it is there, else Keras 3."""
    if _major(file) == 2:
        try:
            return importlib.import_module("tf_keras")
        except ImportError:
            pass
    try:
        library = importlib.import_module("keras")
    except ImportError as error:
        raise RunError(f"a Keras file is read by loading it, and Keras is not there: {error}") from None
    backend = library.backend.backend()
    if backend != "tensorflow":
        raise RunError(f"Keras runs on {backend} here, and has to run on TensorFlow: {_BACKEND}=tensorflow")
    return library


def _major(file: KerasFile) -> int:
    """2 or 3: the Keras that wrote the file; where it does not say, the one of its format."""
    begun = (file.version or "").partition(".")[0]
    if begun.isdecimal():
        return 2 if int(begun) < 3 else 3
    return 3 if file.format == "keras" else 2


def _reason(error: Exception) -> str:
    """What Keras says, without the configuration that it quotes."""
    line = first_line(error)
    for cut in _CUTS:
        line = line.partition(cut)[0]
    return line[:_MOST].rstrip(". ")


def _written_by(file: KerasFile) -> str:
    return f", written by Keras {file.version[:20]}" if file.version else ""


def _hint(library: Any, file: KerasFile) -> str:
    """What else to try."""
    if _major(file) == 2 and library.__name__ == "keras":
        return "; what Keras 2 wrote is loaded by tf_keras: pip install tf_keras"
    return ""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keras on TensorFlow, and nothing of what it and TensorFlow have to say about it on the screen."""
    kept = os.environ.get(_BACKEND)
    if "keras" not in sys.modules:
        os.environ[_BACKEND] = "tensorflow"
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        if kept is None:
            os.environ.pop(_BACKEND, None)
        else:
            os.environ[_BACKEND] = kept
