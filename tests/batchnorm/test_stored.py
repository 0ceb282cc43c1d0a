"""The state of stored statistics that hold nothing."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import State, inspect
from bninspect.graph.trace import content
from tests.support.parts import IMAGE, PARAMETERS, only_layer
from tests.support.text import graph

LAYER = "y = FusedBatchNormV3(x, gamma, beta, {mean}, {variance}, is_training=false)\n"
NONE = "none = Const([])\n"
VARIABLES = "kept_mean = VariableV2(shape=[3])\nkept_variance = VariableV2(shape=[3])\n"
EMPTY = "what should hold them is empty"


@pytest.mark.parametrize(("mean", "variance"), [("none", "none"), ("none", "variance"), ("mean", "none")])
def test_empty_constants_hold_no_statistics(mean: str, variance: str) -> None:
    statistics = only_layer(IMAGE + PARAMETERS + NONE + LAYER.format(mean=mean, variance=variance)).statistics
    assert (statistics.state, statistics.reason, statistics.values) == (State.ABSENT, EMPTY, None)


@pytest.mark.parametrize(("mean", "variance"), [("none", "none"), ("none", "variance"), ("mean", "none")])
def test_empty_variables_of_a_checkpoint_hold_no_statistics(mean: str, variance: str) -> None:
    layer = LAYER.format(mean="kept_mean", variance="kept_variance")
    found = graph(IMAGE + PARAMETERS + NONE + VARIABLES + layer)
    nodes = {node.name: node for node in found.nodes}
    nodes["kept_mean"].stored, nodes["kept_variance"].stored = content(nodes[mean]), content(nodes[variance])
    statistics = inspect(found).layers[0].statistics
    assert (statistics.state, statistics.reason, statistics.values) == (State.ABSENT, EMPTY, None)
