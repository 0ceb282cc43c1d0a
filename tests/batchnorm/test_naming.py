"""What a layer is called: the scope its output stands in, less what every batch norm has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.naming import layer_name, named_as, parameter_scope, unique
from bninspect.graph import Node
from tests.support.parts import STORED, only_layer
from tests.support.reports import layer, phase, predicate, report, tensor

LAYER = "{name} = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("conv1/bn/FusedBatchNormV3", "conv1/bn"),
        ("conv1/bn/cond/FusedBatchNormV3_1", "conv1/bn"),
        ("conv1/bn/batchnorm/add_1", "conv1/bn"),
        ("net/conv1/BatchNorm/cond_2/Merge", "net/conv1/BatchNorm"),
        ("conv1/BatchNorm/FusedBatchNorm", "conv1/BatchNorm"),
        ("conv1/bn/cond/output/_10", "conv1/bn"),
        ("net/output/bn/cond/y", "net/output/bn"),
        ("output/y", "output"),
        ("alone", "alone"),
        ("cond/batchnorm/add_1", "cond/batchnorm"),
        ("output/cond/y", "output"),
        ("a/b/cond/smart_cond/If", "a/b"),
        ("net/bn_output/_10", "net/bn_output"),
        ("net/cond/other/_10", "net/cond/other"),
        ("cond/output/_10", "cond/output"),
    ],
)
def test_scope_of_the_output(node: str, name: str) -> None:
    assert only_layer(STORED + LAYER.format(name=node)).name == name


def test_scope_of_the_parameters() -> None:
    """Where the output has no scope of its own."""
    text = STORED.replace("gamma =", "conv1/bn/gamma =") + LAYER.format(name="y").replace(
        "gamma", "conv1/bn/gamma"
    )
    assert only_layer(text).name == "conv1/bn"


def test_names_are_told_apart() -> None:
    nodes = ["a/cond/Merge", "a/cond_1/Merge", "b/y", "c/y", "c/y"]
    assert unique(["a", "a", "b", "c", "c"], nodes) == [
        "a/cond/Merge",
        "a/cond_1/Merge",
        "b",
        "c/y",
        "c/y (call 2)",
    ]


@pytest.mark.parametrize(
    ("functions", "label", "name"),
    [
        (("body",), "body/conv/bn/y", "conv/bn"),
        (("outer", "body"), "body/conv/bn/y", "conv/bn"),
        (("body",), "other/conv/bn/y", "other/conv/bn"),
        (("body",), "body", "body"),
        ((), "body/conv/bn/y", "body/conv/bn"),
    ],
)
def test_in_a_function_without_its_name(functions: tuple[str, ...], label: str, name: str) -> None:
    node = Node(name="call/1", op="Mul", nodedef=None, functions=functions, label=label)
    assert layer_name(node.output(), [], []) == name


def test_the_first_scope_of_the_output_then_of_its_nodes_then_of_its_parameters() -> None:
    alone, scoped, deep = tensor("y"), tensor("a/bn/y"), tensor("b/bn/gamma")
    assert layer_name(scoped, [deep.node], [deep]) == "a/bn"
    assert layer_name(alone, [alone.node, scoped.node], [deep]) == "a/bn"
    assert layer_name(alone, [alone.node], [None, alone, deep]) == "b/bn"
    assert layer_name(tensor("cond/Merge"), [], [None]) == "cond"
    assert layer_name(tensor("cond/output/_10"), [], [deep]) == "b/bn"
    assert parameter_scope([None, alone]) is None
    assert parameter_scope([deep, scoped]) == "b/bn"


def test_the_names_of_the_original_stand_in_what_is_written_out_of_it() -> None:
    """By where an output stands: its node and its port."""
    decided = predicate(phase())
    first, second, new = (layer(name, decided=decided) for name in ("a", "b", "c"))
    other_port = replace(first, name="d", output=first.output._replace(port=1))
    original = report(replace(first, name="first"), replace(second, name="second"))
    found = named_as(original, report(first, second, new, other_port))
    assert [one.name for one in found.layers] == ["first", "second", "c", "d"]
    assert [one.output for one in found.layers] == [one.output for one in (first, second, new, other_port)]
    assert [[one.name for one in group.layers] for group in found.switches] == [["first", "second", "c", "d"]]
    assert found.switches[0].layers[0] is found.layers[0]
