"""A layer inside a conditional that does not choose its mode: fixed, and not `whatever is fed`."""

from __future__ import annotations

from bninspect.batchnorm import Mode
from bninspect.batchnorm.verdict import verdict
from bninspect.batchnorm.wiring.deciding import only_in_training
from bninspect.rewrite.strip import strip
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


HALVES = """
    x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
    p = Placeholder(dtype=bool, shape=[])
    axis = Const(0)
    gamma = Const([1.0, 2.0])
    beta = Const([0.0, 0.0])
    mean = Const([0.5, 0.5])
    variance = Const([2.0, 2.0])
    halves = Split(axis, x, num_split=2, T=float)
    clean = FusedBatchNormV3(halves, gamma, beta, mean, variance, is_training=true, T=float)
    noisy = FusedBatchNormV3(halves:1, gamma, beta, mean, variance, is_training=true, T=float)
    both = ConcatV2(clean, noisy, axis, T=float)
    serving = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, T=float)
    y = SelectV2(p, both, serving, T=float)
"""


def test_a_select_lets_it_be_handed_on_in_training_alone() -> None:
    """A batch norm for each half of the batch in training: the second is none that inference needs."""
    found = report(HALVES)
    second, first = found.layers
    assert (first.mode, second.mode) == (Mode.SWITCHED, Mode.TRAINING)
    assert [(source.name, value) for source, value in second.runs_when] == [("p:0", True)]
    assert only_in_training(found.layers) == {second}
    judgement = judge(Case(report=found), select(["BN101", "BN102", "BN106"]))
    assert judgement.findings == ()
    assert [layer.mode for layer in strip(found).written.layers] == [Mode.INFERENCE]


def test_what_is_handed_on_either_way_runs_whatever_is_fed() -> None:
    found = report(HALVES + "    z = Identity(noisy)\n")
    (fixed,) = (layer for layer in found.layers if layer.mode is Mode.TRAINING)
    assert fixed.runs_when == ()


def test_a_select_of_each_image_chooses_no_mode() -> None:
    """Some images are handed on from either side: both run, whatever is fed."""
    found = report(HALVES.replace("dtype=bool, shape=[]", "dtype=bool, shape=[-1]"))
    assert sorted(layer.mode.value for layer in found.layers) == ["inference", "training", "training"]
    assert [layer.runs_when for layer in found.layers] == [(), (), ()]
