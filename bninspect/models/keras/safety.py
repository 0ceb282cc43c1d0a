"""Whether a Keras file may be loaded: everything that its configuration would make Keras build is Keras's own
and only computes.

Keras builds a model from names: of classes, of modules to import them from, of functions, and from Python
code that was stored. All of it is looked through before Keras sees any: nested models, wrappers, cells and
whatever a layer has for a parameter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.errors import GraphDefError
from bninspect.models.keras.names import CLASSES, FUNCTIONS, TENSORFLOW_FAMILIES, TENSORFLOW_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OWN_MODULE = re.compile(r"(tf_)?keras(\.\w+)*\Z")
_DEEPEST = 500
_CODE = ("Lambda", "__lambda__")
_CALLS_TENSORFLOW = ("TFOpLambda", "SlicingOpLambda")
_REMEDY = "where you trust the model, export it as a SavedModel, which holds no Python, and name that"


class _Part(NamedTuple):
    """A value of the configuration, and the layer it belongs to."""

    value: Any
    layer: str
    depth: int


def check(config: Mapping[str, Any]) -> None:
    """Returns when nothing in the configuration of a model is code or a name that is not Keras's own.

    Raises GraphDefError that names the layer, and what it holds.
    """
    stack = [_Part(config, "", 0)]
    while stack:
        value, layer, depth = stack.pop()
        if depth > _DEEPEST:
            raise GraphDefError(f"refused to load: its configuration is nested over {_DEEPEST} levels deep")
        if isinstance(value, dict):
            layer = _layer(value, layer)
            _check_object(value, layer)
            stack.extend(_Part(inner, layer, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            stack.extend(_Part(inner, layer, depth + 1) for inner in value)


def drop_compilation(config: dict[str, Any]) -> None:
    """Takes out of the configuration what its models were compiled with, which Keras would build for a model
    inside another, too: losses, metrics and optimizers of the author's own are no obstacle.
    """
    stack: list[Any] = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            value.pop("compile_config", None)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _layer(found: Mapping[str, Any], outer: str) -> str:
    """The name of an object; of one without a name, that of the layer it belongs to."""
    config = found.get("config")
    if "class_name" in found and isinstance(config, dict) and isinstance(config.get("name"), str):
        return str(config["name"])
    return outer


def _check_object(found: Mapping[str, Any], layer: str) -> None:
    """One dictionary: where it describes an object, all that names what to build."""
    for key, value in found.items():
        if key.endswith("activation") and isinstance(value, str) and value not in FUNCTIONS | {""}:
            raise _refused(layer, f"calls the function {value!r}, which is none of Keras's activations")
    if "class_name" not in found:
        return
    name = found["class_name"]
    if name in _CODE:
        raise _refused(layer, f"is a {name}: it holds Python code, which is never run")
    if name == "function":
        name = found.get("config")
        if not isinstance(name, str) or name not in FUNCTIONS:
            raise _refused(layer, f"calls the function {name!r}, which is none of Keras's activations")
    elif not isinstance(name, str) or name not in CLASSES:
        raise _refused(layer, f"is a {name!r}, which is none of Keras's own layers that only compute")
    for reason in _foreign(found, name):
        raise _refused(layer, reason)


def _foreign(found: Mapping[str, Any], name: str) -> Iterator[str]:
    """Why an object with the name of one of Keras's own is none, or calls what is none."""
    module = found.get("module")
    if module not in (None, "", "builtins") and not (isinstance(module, str) and _OWN_MODULE.match(module)):
        yield f"takes {name} from the module {module!r}, which is not Keras's"
    registered = found.get("registered_name")
    if registered not in (None, "", name):
        yield f"is registered as {registered!r}, which is not Keras's own {name}"
    if name in _CALLS_TENSORFLOW:
        config = found.get("config")
        called = config.get("function") if isinstance(config, dict) else None
        if not isinstance(called, str) or not _only_computes(called.removeprefix("compat.v1.")):
            yield f"calls {called!r} of TensorFlow, which is not known only to compute"


def _only_computes(function: str) -> bool:
    return function in TENSORFLOW_FUNCTIONS or function.startswith(TENSORFLOW_FAMILIES)


def _refused(layer: str, what: str) -> GraphDefError:
    return GraphDefError(f"refused to load: layer {layer or '(without a name)'!r} {what}; {_REMEDY}")
