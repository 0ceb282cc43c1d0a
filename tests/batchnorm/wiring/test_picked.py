"""A boolean as a number that picks one of two modes chooses between them; what picks otherwise is said."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.rewrite import specialize
from tests.support.parts import BATCH, EMPTY, PHASE, only_layer, reasons, report, said

PLACE = (
    PHASE
    + "at = Cast(phase, SrcT=bool, DstT=int32)\none = Const(1)\n"
    + "zero = Const(0)\nfirst = Const([0])\n"
)
OUTPUTS = (
    BATCH
    + EMPTY
    + "a = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)\n"
    + "b = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
)
STACK = "both = Pack(b, a, N=2, axis=0)\n"
ROWS = "r = ExpandDims(b, zero)\ns = ExpandDims(a, zero)\nboth = ConcatV2(r, s, zero, N=2)\n"
SLICE = (
    "begin = Pack(at, N=1, axis=0)\nnext = AddV2(at, one)\nstop = Pack(next, N=1, axis=0)\n"
    "step = Const([1])\ny = StridedSlice(both, begin, stop, step, shrink_axis_mask=1)\n"
)
SPELLINGS = {
    "a slice of a stack": STACK + SLICE,
    "a slice of rows": ROWS + SLICE,
    "GatherV2": STACK + "y = GatherV2(both, at, zero)\n",
    "Gather": STACK + "y = Gather(both, at)\n",
    "the place of another": "both = Pack(a, b, N=2)\n"
    "from_the_end = Sub(one, at)\ny = GatherV2(both, from_the_end, zero)\n",
    "one of three": "both = Pack(b, x, a, N=3)\ntwo = Const(2)\n"
    "place = Mul(at, two)\ny = GatherV2(both, place, zero)\n",
    "a predicate that was made a scalar": STACK
    + "alone = Squeeze(phase)\nplace = Cast(alone, SrcT=bool, DstT=int32)\ny = GatherV2(both, place, zero)\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_outputs(spelling: str) -> None:
    text = OUTPUTS + PLACE + SPELLINGS[spelling]
    assert said(text) == ("switched", "phase:0", True, None)
    layer = only_layer(text)
    assert (layer.output.name, [node.name for node in layer.merges]) == ("y:0", ["y"])


def test_the_other_way_round() -> None:
    text = OUTPUTS + PLACE + "both = Pack(a, b, N=2)\n" + SLICE
    assert said(text) == ("switched", "phase:0", False, None)


STATISTICS = "".join(
    f"{name}_both = Pack({name}, batch_{name}, N=2)\n{name}_used = GatherV2({name}_both, at, zero)\n"
    for name in ("mean", "variance")
) + (
    "shifted = AddV2(variance_used, epsilon)\nroot = Rsqrt(shifted)\nscale = Mul(root, gamma)\n"
    "centred = Sub(x, mean_used)\nscaled = Mul(centred, scale)\ny = AddV2(scaled, beta)\n"
)


def test_statistics() -> None:
    layer = only_layer(BATCH + PLACE + STATISTICS)
    assert layer.mode is Mode.SWITCHED
    assert [node.name for node in layer.merges] == ["mean_used", "variance_used"]
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_specialized_one_side_is_left(mode: Mode) -> None:
    found = report(OUTPUTS + PLACE + SPELLINGS["a slice of a stack"])
    kept = {node.name for node in specialize(found, mode).pruned([found.graph.node("y").output()]).kept}
    assert not kept & {"phase", "at", "both", "y"}
    assert ("a" in kept, "b" in kept) == (mode is Mode.TRAINING, mode is Mode.INFERENCE)


UNDECIDED = {
    "a number that is fed": STACK + "k = Placeholder(dtype=int32, shape=[])\ny = GatherV2(both, k, zero)\n",
    "a place for each image": STACK
    + "each = Placeholder(dtype=bool, shape=[2])\nk = Cast(each, SrcT=bool, DstT=int32)\n"
    "y = GatherV2(both, k, zero)\n",
    "a place with an axis of its own": STACK + "k = ExpandDims(at, zero)\ny = GatherV2(both, k, zero)\n",
    "along another axis": STACK + "y = GatherV2(both, at, one)\n",
    "in batches": STACK + "y = GatherV2(both, at, zero, batch_dims=1)\n",
    "a place that is none": STACK + "two = Const(2)\nk = Mul(at, two)\ny = GatherV2(both, k, zero)\n",
    "laid out along another axis": "both = Pack(b, a, N=2, axis=1)\ny = GatherV2(both, at, zero)\n",
    "some of a batch": "both = ConcatV2(b, a, zero, N=2)\n" + SLICE,
    "several places at once": STACK
    + "begin = Pack(at, zero, N=2)\nstep = Const([1, 1])\n"
    + "y = StridedSlice(both, begin, step, step, shrink_axis_mask=1)\n",
    "from the place on": STACK + SLICE.replace("shrink_axis_mask=1", "shrink_axis_mask=0"),
    "up to the place": STACK + SLICE.replace("shrink_axis_mask=1", "shrink_axis_mask=1, begin_mask=1"),
}


@pytest.mark.parametrize("case", UNDECIDED)
def test_what_no_boolean_picks_is_said(case: str) -> None:
    (reason,) = reasons(OUTPUTS + PLACE + UNDECIDED[case])
    op = "ConcatV2" if "ConcatV2" in UNDECIDED[case] else "Pack"
    assert reason == (
        f"{op} both lays training mode (a) and inference "
        "mode (b) of one x side by side, and no predicate is found that picks one of them"
    )


def test_two_modes_side_by_side_as_an_output_are_two_layers() -> None:
    found = report(OUTPUTS + STACK + "out = Identity(both)\n")
    assert [layer.mode.value for layer in found.layers] == ["inference", "training"]
    assert found.unrecognised == ()
