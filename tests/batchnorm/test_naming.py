"""What a layer is called: the scope its output stands in, less what every batch norm has."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.naming import unique
from tests.support.parts import STORED, only_layer

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
