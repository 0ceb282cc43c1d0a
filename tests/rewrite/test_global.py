"""The op of 2015, which TensorFlow refuses from GraphDef version 9 on: kept before, written anew since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import flatten
from bninspect.rewrite import specialize
from tests.support.listing import listed
from tests.support.parts import STORED
from tests.support.text import graph

OP = "BatchNormWithGlobalNormalization"
TYPES = "T=float, variance_epsilon=0.001, scale_after_normalization=true"
LINES = f"{STORED}bn = {OP}(x, mean, variance, beta, gamma, {TYPES})\ntop = Identity(bn, T=float)\n"
ANEW = [
    "bn/bninspect/centred = Sub(x, mean) T=float",
    "bn/bninspect/epsilon = Const(^x) dtype=float value=float0.001",
    "bn/bninspect/normalized = Mul(bn/bninspect/centred, bn/bninspect/scale) T=float",
    "bn/bninspect/offset = Add(bn/bninspect/scaled, beta) T=float",
    "bn/bninspect/scale = Rsqrt(bn/bninspect/shifted) T=float",
    "bn/bninspect/scaled = Mul(bn/bninspect/normalized, gamma) T=float",
    "bn/bninspect/shifted = Add(variance, bn/bninspect/epsilon) T=float",
]


@pytest.mark.parametrize(
    ("producer", "anew"), [(None, False), (0, False), (8, False), (9, True), (134, True)], ids=str
)
def test_it_is_written_anew_where_tensorflow_refuses_it(producer: int | None, anew: bool) -> None:
    record = replace(graph(LINES).graphdef, producer=producer)
    found = inspect(flatten(record))
    special = specialize(found, Mode.INFERENCE)
    assert [(change.what, change.reason) for change in special.changes] == [("kept", None)]
    lines = listed(special.pruned((), found.outputs).graphdef)
    assert [line for line in lines if line.startswith("bn")] == (
        ANEW if anew else [line for line in listed(record) if line.startswith("bn = ")]
    )
    assert f"top = Identity({'bn/bninspect/offset' if anew else 'bn'}) T=float" in lines


def test_another_form_is_kept_whatever_the_version() -> None:
    fused = "bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, T=float, U=float)\n"
    found = inspect(graph(STORED + fused + "top = Identity(bn, T=float)\n"))
    special = specialize(found, Mode.INFERENCE)
    written, before = special.pruned((), found.outputs).graphdef, listed(found.graph.graphdef)
    assert set(listed(written)) == {line for line in before if not line.startswith("epsilon")}
