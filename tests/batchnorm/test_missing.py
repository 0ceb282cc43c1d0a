"""Weights that no file gives: how many, where they should be, and what helps, by the format of the file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.missing import MissingWeights, missing_weights
from bninspect.graph import flatten
from tests.support.text import graph

NET = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
gamma = Const([1.0, 1.0, 1.0])
mean = VariableV2(shape=[3])
variance = VariableV2(shape=[3])
step = VariableV2(shape=[])
y = FusedBatchNormV3(x, gamma, gamma, mean, variance, is_training=false)
"""
CHECKPOINT = "put net.index and net.data-* into its folder"
NOT_FROZEN = ("not frozen", "freeze it, or give the .meta of its checkpoint instead")


def missing(text: str = NET, **changes: object) -> MissingWeights | None:
    """Of the graph in these lines, read from a file as `changes` say."""
    return missing_weights(inspect(flatten(replace(graph(text).graphdef, **changes))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "path", "where", "fix"),
    [
        ("graphdef", "net.pb", *NOT_FROZEN),
        (
            "savedmodel",
            "export",
            "no variables folder beside it",
            "copy the variables of the export beside saved_model.pb",
        ),
        ("metagraph", "/models/net.meta", "no checkpoint beside it", CHECKPOINT),
        ("metagraph (text)", "net.meta", "no checkpoint beside it", CHECKPOINT),
        ("metagraph", "-", *NOT_FROZEN),
    ],
)
def test_where_they_should_be(written: str, path: str, where: str, fix: str) -> None:
    found = missing(format=written, path=path)
    assert found == MissingWeights(variables=2, where=where, fix=fix)


def test_a_checkpoint_that_was_read_leaves_nothing_missing() -> None:
    assert missing(variables={}) is None


@pytest.mark.parametrize(
    "text",
    [
        NET.replace("VariableV2(shape=[3])", "Const([0.5, 1.0, 2.0])"),
        NET.replace("VariableV2", "Placeholder"),
    ],
    ids=["that nothing needs", "none"],
)
def test_a_model_that_needs_no_variable_misses_none(text: str) -> None:
    assert missing(text) is None


@pytest.mark.parametrize(
    ("count", "fact"),
    [
        (1, "not frozen: it holds 1 variable and no values"),
        (2, "not frozen: it holds 2 variables and no values"),
        (1200, "not frozen: it holds 1,200 variables and no values"),
    ],
)
def test_the_words(count: int, fact: str) -> None:
    found = MissingWeights(variables=count, where="not frozen", fix="freeze it")
    assert (found.fact, str(found)) == (fact, f"{fact}; freeze it")
