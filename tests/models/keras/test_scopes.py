"""Layers and parameters of a Keras file bear the names that its author gave them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.graphdef.schema import message_class
from bninspect.models.keras import scopes as keras_scopes
from bninspect.models.keras.scopes import Scopes
from bninspect.models.open import load
from tests.support.keras_models import library, quiet
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.batchnorm import BatchNorm

PARAMETERS = ("gamma", "beta", "moving_mean", "moving_variance")


def layers(path: Path) -> tuple[BatchNorm, ...]:
    return inspect(load(str(path))).layers


def named(layer: BatchNorm) -> dict[str, str]:
    return {name: getattr(layer, name).name for name in PARAMETERS if getattr(layer, name) is not None}


@pytest.mark.tensorflow
def test_names_that_keras_numbers() -> None:
    """TensorFlow writes these as batch_normalization_1, _1_2 and _2_1."""
    found = layers(FIXTURES / "cases" / "three_batch_norms.keras")
    assert [(layer.name, layer.channels) for layer in found] == [
        ("functional/batch_normalization", 4),
        ("functional/batch_normalization_1", 5),
        ("functional/batch_normalization_2", 6),
    ]
    for layer in found:
        assert named(layer) == {name: f"{layer.name}/{name}:0" for name in PARAMETERS}
    assert [layer.channels for layer in select(found, ["*_1"])] == [5]


def build(keras: Any) -> Any:
    """A layer that is called twice, one with the name that the second call gets, one in a block."""
    parts = keras.layers
    image = parts.Input((4, 4, 3), name="image")
    twice = parts.BatchNormalization(name="bn")
    x = parts.BatchNormalization(name="bn_1")(twice(twice(image)))
    x = keras.Sequential([parts.Conv2D(5, 1), parts.BatchNormalization(name="bn")], name="block")(x)
    return keras.Model(image, parts.BatchNormalization(name="rows")(x), name="net")


@pytest.mark.tensorflow
@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", ["keras", "tf_keras"])
def test_layers_called_twice_and_in_blocks(name: str, ending: str, tmp_path: Path) -> None:
    keras, path = library(name), tmp_path / f"model.{ending}"
    with quiet():
        build(keras).save(str(path))
    found = layers(path)
    first, second, *rest = found
    assert named(first) == named(second) == {part: f"net/bn/{part}:0" for part in PARAMETERS}
    assert [layer.name for layer in rest] == ["net/bn_1", "net/block/bn", "net/rows"]
    for layer in rest:
        assert all(tensor == f"{layer.name}/{part}:0" for part, tensor in named(layer).items())


def test_no_name_is_given_twice() -> None:
    scopes = Scopes(by_scope={"m_1": "m", "m_1/a_1": "m/a", "m_1/a_2": "m/a/call_2"})
    names = keras_scopes.new_names(
        ["m_1/a_1/x", "m_1/a_2/x", "m_1/a_1/r", "m_1/b", "m/a/x", "other"], scopes, {"m_1/a_1/r": "m/a/gamma"}
    )
    assert names == {
        "m_1/a_1/x": "m/a/x_1",
        "m_1/a_2/x": "m/a/call_2/x",
        "m_1/a_1/r": "m/a/gamma",
        "m_1/b": "m/b",
    }


def test_nodes_are_renamed_wherever_they_are_named() -> None:
    graph = message_class("GraphDef")()
    graph.node.add(name="a", op="Const")
    graph.node.add(name="b", op="Split", input=["a", "c:1", "^a", "d"])
    keras_scopes.rename(graph, {"a": "x", "c": "y", "b": "z"})
    assert [node.name for node in graph.node] == ["x", "z"]
    assert list(graph.node[1].input) == ["x", "y:1", "^x", "d"]


def test_layers_are_left_as_they_were() -> None:
    """The calls are noted while the model is traced, and not after it."""

    class Layer:
        name = "bn"

        def call(self, x: int) -> int:
            return x + 1

        def _flatten_layers(self) -> list[Layer]:
            return [self]

    tf = SimpleNamespace(
        compat=SimpleNamespace(v1=SimpleNamespace(get_default_graph=lambda: "graph")),
        get_current_name_scope=lambda: "bn_1",
    )
    layer = Layer()
    with keras_scopes.noted(tf, layer) as scopes:
        assert layer.call(1) == 2
    assert scopes.by_scope == {"bn_1": "bn"}
    assert "call" not in vars(layer)
