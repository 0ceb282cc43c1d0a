"""A boolean as a number that picks one of two modes chooses between them; what picks otherwise is said."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.arithmetic import picked
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from bninspect.rewrite import specialize
from tests.support.parts import BATCH, EMPTY, PHASE, only_layer, reasons, report, said
from tests.support.text import graph, graphdef

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


SIDES = PHASE + (
    "at = Cast(phase, SrcT=bool, DstT=int32)\nzero = Const(0)\none = Const(1)\nfirst = Const([0])\n"
    "scalar = Const([])\na = Placeholder(dtype=float)\nb = Placeholder(dtype=float)\n"
    "both = Pack(b, a, N=2)\nrow_a = ExpandDims(a, zero)\nrow_b = ExpandDims(b, zero)\n"
)
PICKED = {
    "a stack": "y = GatherV2(both, at, zero)",
    "a stack that is handed on": "i = Identity(both)\ny = GatherV2(i, at, zero)",
    "without an axis": "y = Gather(both, at)",
    "an axis of its own": "y = GatherV2(both, at, first)",
    "rows": "rows = ConcatV2(row_b, row_a, zero)\ny = GatherV2(rows, at, zero)",
    "rows that are handed on": "i = Identity(row_b)\nrows = ConcatV2(i, row_a, zero)\n"
    "y = GatherV2(rows, at, zero)",
    "a place made one number": "r = Reshape(at, none)\ny = GatherV2(both, r, zero)",
    "a place that was a vector": "each = Placeholder(dtype=bool, shape=[1])\nr = Reshape(each, none)\n"
    "c = Cast(r, SrcT=bool, DstT=int32)\ny = GatherV2(both, c, zero)",
    "a slice": "begin = Pack(at)\ny = StridedSlice(both, begin, first, first, shrink_axis_mask=1)",
}
NOT_PICKED = {
    "a constant place": "y = GatherV2(both, one, zero)",
    "no place": "y = GatherV2(both)",
    "places": "r = Reshape(at, first)\ny = GatherV2(both, r, zero)",
    "a place reshaped to what is not known": "r = Reshape(at, at)\ny = GatherV2(both, r, zero)",
    "the same place for both": "k = Mul(at, zero)\ny = GatherV2(both, k, zero)",
    "a place below all": "k = Sub(at, one)\ny = GatherV2(both, k, zero)",
    "a place above all": "k = Add(at, one)\ny = GatherV2(both, k, zero)",
    "no integer": "h = Const(0.5)\nf = Cast(phase, SrcT=bool, DstT=float)\nk = Mul(f, h)\n"
    "y = GatherV2(both, k, zero)",
    "another axis": "y = GatherV2(both, at, one)",
    "batches": "y = GatherV2(both, at, zero, batch_dims=1)",
    "a stack along another axis": "s = Pack(b, a, axis=1)\ny = GatherV2(s, at, zero)",
    "rows along another axis": "s = ConcatV2(row_b, row_a, one)\ny = GatherV2(s, at, zero)",
    "rows, and what is none": "s = ConcatV2(row_b, a, zero)\ny = GatherV2(s, at, zero)",
    "rows of another axis": "r = ExpandDims(a, one)\ns = ConcatV2(row_b, r, zero)\ny = GatherV2(s, at, zero)",
    "what is made as rows are": "r = Max(a, zero)\ns = ConcatV2(row_b, r, zero)\ny = GatherV2(s, at, zero)",
    "nothing side by side": "s = ConcatV2()\ny = GatherV2(s, at, zero)",
    "a sum": "s = AddN(row_b, row_a, zero)\ny = GatherV2(s, at, zero)",
    "what stands by itself": "y = GatherV2(a, at, zero)",
    "a slice from what is no place": "begin = Neg(at)\n"
    "y = StridedSlice(both, begin, first, first, shrink_axis_mask=1)",
    "a slice of two places": "begin = Pack(at, at)\n"
    "y = StridedSlice(both, begin, first, first, shrink_axis_mask=1)",
    "a slice from the place on": "begin = Pack(at)\ny = StridedSlice(both, begin, first, first)",
    "a slice that leaves out its steps": "begin = Pack(at)\n"
    "y = StridedSlice(both, begin, first, shrink_axis_mask=1)",
} | {
    f"a slice with {mask}": f"begin = Pack(at)\n"
    f"y = StridedSlice(both, begin, first, first, shrink_axis_mask=1, {mask}=1)"
    for mask in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask")
}


@pytest.mark.parametrize("case", [*PICKED, *NOT_PICKED])
def test_what_is_picked(case: str) -> None:
    message = graphdef(SIDES + "none = Const([])\n" + (PICKED | NOT_PICKED)[case])
    (none,) = (node for node in message.node if node.name == "none")
    none.attr["value"].tensor.dtype = none.attr["dtype"].type = 3  # a shape: no whole numbers
    nodes = flatten(records(message.SerializeToString(), "text"))
    join = Conditions(nodes).join(nodes.node("y"))
    found = None if join is None else tuple(tensor.node.name for tensor in join[1:])
    predicate = "each" if "each" in PICKED.get(case, "") else "phase"
    assert found == ((predicate, "a", "b") if case in PICKED else None)


@pytest.mark.parametrize(("most", "is_one"), [(2, True), (1, False)])
def test_a_stack_of_more_than_anybody_writes_is_none(
    most: int, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lines, more in (("s = Pack(b, a)", 0), ("s = ConcatV2(row_b, row_a, zero)", 1)):
        monkeypatch.setattr(picked, "_MOST_OPERANDS", most + more)
        nodes = graph(SIDES + lines + "\ny = GatherV2(s, at, zero)")
        assert (Conditions(nodes).join(nodes.node("y")) is not None) is is_one
