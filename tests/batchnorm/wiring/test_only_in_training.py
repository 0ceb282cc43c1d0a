"""A layer that runs where the others train, and nowhere else, is healthy: an auxiliary head of training."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode, Report
from bninspect.batchnorm.verdict import verdict
from bninspect.batchnorm.wiring.deciding import only_in_training
from bninspect.rewrite.strip import strip
from bninspect.rules import Case, judge
from tests.support.parts import EMPTY, PHASE, STORED, report

HEAD = (
    STORED
    + EMPTY
    + PHASE
    + """
other = Placeholder(dtype=bool, shape=[])
no = LogicalNot(phase)
train = FusedBatchNormV3(x, gamma, beta, none, none, T=float)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, T=float)
y = Select(phase, train, infer, T=float)
"""
)


def auxiliary(predicate: str, port: str, statistics: str = "none, none") -> str:
    """A layer of training mode in one branch of a conditional on this predicate."""
    run, passed = (":1", "") if port == "true" else ("", ":1")
    joined = "idle, aux" if port == "true" else "aux, idle"
    return (
        f"handed = Switch(y, {predicate}, T=float)\n"
        f"aux = FusedBatchNormV3(handed{run}, gamma, beta, {statistics}, is_training=true, T=float)\n"
        f"idle = Identity(handed{passed}, T=float)\nz = Merge({joined}, T=float)\n"
    )


HEALTHY = {"where true trains": ("phase", "true"), "by the negation": ("no", "false")}
OTHERS = {"where it is served": ("phase", "false"), "by another question": ("other", "true")}


def names(found: Report) -> list[str]:
    return sorted(layer.name for layer in only_in_training(found.layers))


@pytest.mark.parametrize("case", HEALTHY)
def test_it_runs_in_training_alone(case: str) -> None:
    found = report(HEAD + auxiliary(*HEALTHY[case]))
    assert names(found) == ["aux"]
    assert verdict(found).text == (
        "2 batch norms: 1 in training only, inside a conditional on phase:0, 1 switched by phase:0"
    )
    assert not {"BN101", "BN102"} & {one.code for one in judge(Case(report=found, deploy=True)).findings}


@pytest.mark.parametrize("case", OTHERS)
def test_elsewhere_it_is_served_in_training_mode(case: str) -> None:
    found = report(HEAD + auxiliary(*OTHERS[case]))
    assert names(found) == []
    assert "1 in TRAINING mode inside a conditional" in verdict(found).text
    assert "BN102" in {one.code for one in judge(Case(report=found, deploy=True)).findings}


@pytest.mark.parametrize("statistics", ["none, none", "mean, variance"])
def test_strip_leaves_it_out_of_inference_and_keeps_it_in_training(statistics: str) -> None:
    found = report(HEAD + auxiliary("phase", "true", statistics))
    served = strip(found)
    assert [(change.layer.name, change.what) for change in served.changes] == [
        ("y", "branch"),
        ("aux", "left"),
    ]
    assert [layer.mode for layer in served.written.layers] == [Mode.INFERENCE]
    assert [layer.mode for layer in strip(found, Mode.TRAINING).written.layers] == [Mode.TRAINING] * 2
