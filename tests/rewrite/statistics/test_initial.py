"""Statistics that no file gives, as they start; and which models lack more than these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.rewrite.statistics.initial import refuse_without_values, with_initial_statistics
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

HINT = "; or give --unfrozen: they are moving statistics alone, which it measures"


CONSTANT = "Const([1.0, 2.0, 3.0])"


def model(mean: str = "[3]", variance: str = "[3]", gamma: str = CONSTANT, more: str = "") -> Report:
    """A layer in inference mode, whose statistics are variables of these shapes."""
    shapes = [f", shape={shape}" if shape else "" for shape in (mean, variance)]
    return inspect(
        graph(
            f"""
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
gamma = {gamma}
beta = Const([0.0, 0.0, 0.0])
mean = VariableV2(dtype=float{shapes[0]})
variance = VariableV2(dtype=float{shapes[1]})
bn = FusedBatchNormV3(x, gamma, beta, mean, variance, T=float, U=float, is_training=false, epsilon=0.001)
y = Identity(bn, T=float)
{more}
"""
        )
    )


def test_means_start_at_0_and_variances_at_1() -> None:
    report = model()
    found = with_initial_statistics(report)
    assert [layer.name for layer in found.layers] == [layer.name for layer in report.layers]
    assert [tensor.name for tensor in found.outputs] == [tensor.name for tensor in report.outputs]
    values = {node.name: node.stored for node in found.graph if node.stored is not None}
    assert {name: value.array().tolist() for name, value in values.items()} == {
        "mean": [0.0] * 3,
        "variance": [1.0] * 3,
    }
    assert {value.dtype for value in values.values()} == {"float"}


def test_a_model_that_lacks_nothing_is_itself() -> None:
    constants = "\n".join(f"{name} = {CONSTANT}" for name in ("gamma", "beta", "mean", "variance"))
    op = "FusedBatchNormV3(x, gamma, beta, mean, variance, T=float, U=float, is_training=false)"
    report = inspect(graph(f"x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n{constants}\nbn = {op}"))
    assert with_initial_statistics(report) is report
    refuse_without_values(report)


@pytest.mark.parametrize(
    ("report", "lacking"),
    [
        (model(), None),
        (model(mean="[0]", variance="[0]"), None),
        (model(mean=""), "mean"),
        (model(variance="[-1]"), "variance"),
        (model(mean="[1048577]"), "mean"),
        (model(mean="[1048576]"), None),
        (model(gamma="VariableV2(dtype=float, shape=[3])"), "gamma"),
    ],
    ids=["statistics", "none of them", "of unknown rank", "of unknown size", "too many", "many", "a weight"],
)
def test_all_else_that_the_outputs_need_has_a_value(report: Report, lacking: str | None) -> None:
    with pytest.raises(RewriteError) as refused:
        refuse_without_values(report)
    assert str(refused.value).endswith(HINT) is (lacking is None)
    assert str(refused.value).startswith("text: ")
    if lacking is None:
        assert with_initial_statistics(report) is not report
        return
    with pytest.raises(RewriteError, match=f"these variables have no value: {lacking}; "):
        with_initial_statistics(report)


def test_what_the_outputs_do_not_need_may_lack() -> None:
    report = model(more="other = VariableV2(dtype=float, shape=[3])\nused = Assign(other, gamma)")
    assert "other" not in str([tensor.name for tensor in report.outputs])
    assert with_initial_statistics(report) is not report


@pytest.mark.parametrize(("count", "end"), [(5, "w0, w1, w2, w3, w4; "), (6, "w0, w1, w2, w3, w4, ...; ")])
def test_five_variables_are_named(count: int, end: str) -> None:
    lines = [f"w{n} = VariableV2(dtype=float, shape=[3])" for n in range(count)]
    lines += [f"a{n} = Add({f'a{n - 1}' if n else 'y'}, w{n}, T=float)" for n in range(count)]
    with pytest.raises(RewriteError, match=f"these variables have no value: {end}"):
        with_initial_statistics(model(more="\n".join(lines)))


GIVEN = {
    "a value": "variance = Placeholder(dtype=float, shape=[3])\n",
    "a handle": "fed = Placeholder(dtype=resource, shape=[3])\nvariance = ReadVariableOp(fed, dtype=float)\n",
}


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_fed_starts_from_nothing(kind: str) -> None:
    text = f"""
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
gamma = {CONSTANT}
mean = VariableV2(dtype=float, shape=[3])
{GIVEN[kind]}
bn = FusedBatchNormV3(x, gamma, gamma, mean, variance, T=float, U=float, is_training=false, epsilon=0.001)
"""
    found = with_initial_statistics(inspect(graph(text)))
    assert [layer.statistics.state.value for layer in found.layers] == ["unread"]
    assert [node.name for node in found.graph if node.stored is not None] == ["mean"]
