"""What a convolution gives by other weights: a node of our own, or the one that the file has."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.quantization.unscaled import Unscaled
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.text import graph

WRITTEN = 'strides=[1, 2, 2, 1], padding="SAME", T=float'
CONVOLUTION = f"""
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
other = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
kernel = VariableV2(dtype=float, shape=[1, 1, 2, 2])
weights = VariableV2(dtype=float, shape=[1, 1, 2, 2])
conv = Conv2D(x, weights, {WRITTEN})
"""
SPREAD = """
block = Const([2, 2])
crops = Const([0, 0])
spread = BatchToSpaceND(conv, block, crops, T=float, Tblock_shape=int32, Tcrops=int32)
"""
TWIN = f"twin = Conv2D(x, kernel, {WRITTEN})\n"
MOMENTS = "axes = Const([0, 1, 2])\nmean = Mean({}, axes)\n"


@pytest.mark.parametrize(
    ("lines", "convolved"),
    [
        ("y = Relu(conv)\n", "conv:0"),
        (SPREAD, "spread:0"),
        (SPREAD + "again = BatchToSpace(spread, crops, block_size=2)\n", "again:0"),
        (SPREAD + "twice = BatchToSpaceND(conv, block, crops)\n", "conv:0"),
    ],
    ids=["nothing lays it out", "laid out", "laid out twice", "laid out in two ways"],
)
def test_what_the_convolution_gives_as_it_is_laid_out(lines: str, convolved: str) -> None:
    written = graph(CONVOLUTION + lines)
    assert Unscaled(written.node("conv"), written).convolved.name == convolved


def test_by_other_weights_it_is_a_node_of_our_own() -> None:
    written = graph(CONVOLUTION + SPREAD)
    conv, kernel = written.node("conv"), written.node("kernel").output()
    unscaled = Unscaled(conv, written)
    made = unscaled.by(kernel)
    spread = made.node
    assert (spread.name, spread.op, made.name) == ("spread/unscaled", "BatchToSpaceND", "spread:0")
    copy = spread.inputs[0].node
    assert [tensor.node.name for tensor in spread.inputs[1:]] == ["block", "crops"]
    assert (copy.name, copy.op, copy.output().name) == ("conv/unscaled", "Conv2D", "conv:0")
    assert copy.inputs == (written.node("x").output(), kernel)
    assert {name: copy.attr(name) for name in ("strides", "padding", "T", "dilations")} == {
        name: conv.attr(name) for name in ("strides", "padding", "T", "dilations")
    }
    assert [spread.attr(name) for name in ("Tblock_shape", "Tcrops")] == ["int32", "int32"]
    assert unscaled.by(kernel) is made
    assert unscaled.by(conv.inputs[1]) != made


def test_its_name_is_one_that_the_file_does_not_have() -> None:
    written = graph(CONVOLUTION + "conv/unscaled = Relu(x)\n")
    made = Unscaled(written.node("conv"), written).by(written.node("kernel").output())
    assert made.node.name == "conv/unscaled_"


def twin(lines: str) -> str | None:
    """The name of the tensor that the file computes by the kernel, of which `mean` is a moment or not."""
    written = graph(CONVOLUTION + lines)
    moments = [written.node("mean").output()] if "mean" in written else []
    unscaled = Unscaled(written.node("conv"), written)
    found = unscaled.twin(written.node("kernel").output(), moments, Conditions(written))
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (TWIN, "twin:0"),
        (TWIN + MOMENTS.format("twin"), "twin:0"),
        (f"k = Identity(kernel)\ntwin = Conv2D(x, k, {WRITTEN})\n", "twin:0"),
        (TWIN + "second = Conv2D(x, kernel, " + WRITTEN + ")\n" + MOMENTS.format("second"), "second:0"),
        (TWIN + "second = Conv2D(x, kernel, " + WRITTEN + ")\n", "twin:0"),
        (TWIN + "a = Identity(twin)\nb = Identity(a)\n" + MOMENTS.format("b"), "twin:0"),
        (
            TWIN
            + "c = Const([2, 2])\nr = Identity(twin)\ns = BatchToSpaceND(r, c, c)\n"
            + MOMENTS.format("s"),
            "s:0",
        ),
        (TWIN + MOMENTS.format("other"), "twin:0"),
        (TWIN + "s = Softmax(twin)\n" + MOMENTS.format("s"), "twin:0"),
        (TWIN + "s = Reshape(other, twin)\n" + MOMENTS.format("s"), "twin:0"),
    ],
    ids=[
        "alone",
        "with its moments",
        "by a kernel that is handed on",
        "that of the moments",
        "the first of two",
        "handed on twice",
        "moments of it laid out",
        "moments of something else",
        "moments of what is computed of it",
        "moments of something laid out by it",
    ],
)
def test_what_the_file_computes_by_the_kernel(lines: str, name: str) -> None:
    assert twin(lines) == name


@pytest.mark.parametrize(("layouts", "name"), [(5, "s5:0"), (6, "twin:0")])
def test_it_is_looked_for_in_six_places(layouts: int, name: str) -> None:
    lines = "".join(f"s{i} = BatchToSpaceND(s{i - 1}, kernel, kernel)\n" for i in range(1, layouts + 1))
    assert twin(TWIN + lines.replace("s0", "twin") + MOMENTS.format(f"s{layouts}")) == name


@pytest.mark.parametrize("of", ["x", "y"])
def test_it_is_found_before_and_behind_what_hands_the_input_on(of: str) -> None:
    handed = CONVOLUTION.replace("Conv2D(x", "Conv2D(y") + "y = Identity(x)\n"
    written = graph(handed + TWIN.replace("(x,", f"({of},"))
    unscaled = Unscaled(written.node("conv"), written)
    found = unscaled.twin(written.node("kernel").output(), (), Conditions(written))
    assert found == written.node("twin").output()


@pytest.mark.parametrize(
    "lines",
    [
        "y = Relu(x)\n",
        'twin = Conv2D(x, kernel, strides=[1, 1, 1, 1], padding="SAME", T=float)\n',
        f"twin = Conv2D(other, kernel, {WRITTEN})\n",
        f"twin = Conv2D(x, weights, {WRITTEN})\n",
        f"twin = MatMul(x, kernel, {WRITTEN})\n",
    ],
    ids=["nothing", "other strides", "another input", "the scaled weights", "another op"],
)
def test_what_is_no_twin(lines: str) -> None:
    assert twin(lines) is None


def test_of_what_is_laid_out_the_twin_is_laid_out_alike() -> None:
    """Unless the moments are those of the convolution itself."""
    lines = SPREAD + TWIN + "laid = BatchToSpaceND(twin, block, crops)\n"
    assert twin(lines) == "laid:0"
    assert twin(lines + MOMENTS.format("twin")) == "twin:0"
    assert twin(SPREAD + TWIN) is None
