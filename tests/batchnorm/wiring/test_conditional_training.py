"""A layer inside a conditional that does not choose its mode: fixed, and not `whatever is fed`."""

from __future__ import annotations

from bninspect.batchnorm import Mode
from bninspect.batchnorm.verdict import verdict
from bninspect.rules import Case, judge, select
from tests.support.parts import report

GRAPH = """
    x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
    p = Placeholder(dtype=bool, shape=[])
    gamma = Const([1.0, 2.0])
    beta = Const([0.0, 0.0])
    mean = Const([0.5, 0.5])
    variance = Const([2.0, 2.0])
    s = Switch(x, p)
    bn = FusedBatchNormV3(s:1, gamma, beta, mean, variance, is_training=true, epsilon=0.001)
    other = Relu(s)
    m = Merge(other, bn)
    output = Identity(m)
"""


def test_it_runs_only_where_the_conditional_takes_it() -> None:
    found = report(GRAPH)
    (layer,) = found.layers
    assert layer.mode is Mode.TRAINING
    assert [(source.name, value) for source, value in layer.runs_when] == [("p:0", True)]
    assert verdict(found).text == "1 batch norm runs in TRAINING mode inside a conditional on p:0"
    (finding,) = judge(Case(report=found), select(["BN101"])).findings
    assert finding.message == "runs in training mode whenever it runs at all (when p:0 is true)"
