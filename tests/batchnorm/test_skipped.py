"""What is left out on purpose, counted and named: beside the outputs, never run, never called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.skipped import skipped
from bninspect.errors import Absent
from bninspect.graph import flatten
from tests.support.text import graph

LAYER = "{0} = FusedBatchNormV3(x, p, p, p, p, is_training=false)\n"
START = "x = Placeholder(dtype=float)\np = Const([1.0])\n"
BODIES = """
def first(a) -> y=bn:y:0
    bn = FusedBatchNormV3(a, a, a, a, a)
    root = Rsqrt(a)
def second(a) -> y=root:y:0
    root = Rsqrt(a)
def third(a) -> y=half:z:0
    half = Neg(a)
"""


@pytest.mark.parametrize(
    ("count", "what"),
    [
        (1, "batch-norm node beside the outputs (n0)"),
        (2, "batch-norm nodes beside the outputs (n0, n1)"),
        (3, "batch-norm nodes beside the outputs (n0, n1, n2)"),
        (4, "batch-norm nodes beside the outputs (n0, n1, n2, ...)"),
    ],
)
def test_beside_the_outputs(count: int, what: str) -> None:
    written = graph(START + "".join(LAYER.format(f"n{number}") for number in range(count)))
    absent = Absent(what=what, count=count, reason="no output of the model depends on them")
    assert skipped(written, (), {}) == [absent]
    assert skipped(written, written.nodes, {}) == []


def test_the_op_of_2015_beside_the_outputs_and_no_other() -> None:
    old = graph(START + "y = BatchNormWithGlobalNormalization(x, p, p, p, p)\nroot = Rsqrt(x)\n")
    (absent,) = skipped(old, (), {})
    assert (absent.what, absent.count) == ("batch-norm node beside the outputs (y)", 1)


def test_branches_that_never_run_by_their_reason() -> None:
    written = graph(START + "".join(LAYER.format(name) for name in "abc"))
    a, b, c = (written.node(name) for name in "abc")
    assert skipped(written, written.nodes, {a: "p is always true", b: "never", c: "p is always true"}) == [
        Absent(what="batch-norm nodes in branches that never run (a, c)", count=2, reason="p is always true"),
        Absent(what="batch-norm node in branches that never run (b)", count=1, reason="never"),
    ]


def test_functions_that_nothing_calls() -> None:
    """A root of a variance counts, too."""
    written = graph(START + BODIES)
    reason = "nothing that is served calls these functions"
    absent = Absent(what="batch-norm nodes in 2 library functions", count=3, reason=reason)
    assert skipped(written, written.nodes, {}) == [absent]
    called = graph(START + BODIES + "y = PartitionedCall(x, f=@first)\n")
    absent = Absent(what="batch-norm node in 1 library function", count=1, reason=reason)
    assert skipped(called, called.nodes, {}) == [absent]


def test_other_metagraphs() -> None:
    tags = ("train", "")
    written = flatten(replace(graph(START).graphdef, skipped_metagraphs=tags))
    reason = "another one is served"
    assert skipped(written, (), {}) == [
        Absent(what="MetaGraph tagged train", count=1, reason=reason),
        Absent(what="MetaGraph tagged nothing", count=1, reason=reason),
    ]
