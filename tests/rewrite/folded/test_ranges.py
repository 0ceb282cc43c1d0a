"""The range that the weights of a folded layer are rounded within: whether it belongs to its statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import RewriteError
from bninspect.rewrite import specialize
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.quantization import hold_read, hold_updates
from bninspect.rewrite.folded.scaled_weights import learned_range
from bninspect.rewrite.statistics.inserted import inserted
from tests.batchnorm.recognition.quantization.test_scaled_weights import FOLDED
from tests.support import text

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

TYPED = re.sub(r"((Add|Sub|Mul|Rsqrt|Relu)\(.*)\)", r"\1, T=float)", FOLDED)
LOW = "low = Const(-6.0)\n"
ROUNDED = "rounded = FakeQuantWithMinMaxVars(scaled, low, high)"
LOWEST = "axes = Const([0, 1, 2, 3])\nlow = Min({}, axes, T=float)\n"
CONVOLVED = 'conv = Conv2D(x, rounded, strides=[1, 1, 1, 1], padding="SAME", T=float)'
NUMBERS = (np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32))


def model(*changes: tuple[str, str]) -> Report:
    """The folded layer `y`, with these pieces of its lines written otherwise."""
    lines = TYPED
    for old, new in changes:
        assert old in lines
        lines = lines.replace(old, new)
    return inspect(text.graph(lines))


DELAYED = "late = Placeholder(dtype=bool, shape=[])\ns = Switch(scaled, late)\n" + ROUNDED.replace(
    "rounded = ", "inner = "
).replace("scaled", "s:1")
RANGES = {
    "constants": ((), "rounded"),
    "variables": (((LOW, "low = VariableV2(dtype=float, shape=[])\n"),), "rounded"),
    "updates": (
        (
            (
                LOW,
                "old = VariableV2(dtype=float, shape=[])\nseen = Const(-6.0)\n"
                "low = Assign(old, seen, T=float)\n",
            ),
        ),
        "rounded",
    ),
    "attributes": (((ROUNDED, "rounded = FakeQuantWithMinMaxArgs(scaled)"),), "rounded"),
    "channel by channel": (((ROUNDED, ROUNDED.replace("Vars", "VarsPerChannel")),), "rounded"),
    "behind an Identity": (
        ((ROUNDED, ROUNDED.replace("rounded =", "inner =") + "\nrounded = Identity(inner)"),),
        "inner",
    ),
    "delayed": (((ROUNDED, DELAYED + "\nrounded = Merge(s, inner)"),), "inner"),
    "delayed, the other side first": (((ROUNDED, DELAYED + "\nrounded = Merge(inner, s)"),), "inner"),
    "their own": (((LOW, ""), (ROUNDED, LOWEST.format("scaled") + ROUNDED)), None),
    "their own, of what was rounded before": (
        (
            (LOW, "bottom = Const(-6.0)\n"),
            (
                ROUNDED,
                "first = FakeQuantWithMinMaxVars(scaled, bottom, high)\n"
                + LOWEST.format("first")
                + ROUNDED.replace("scaled", "first"),
            ),
        ),
        "first",
    ),
    "none": (((ROUNDED + "\n", ""), ("Conv2D(x, rounded", "Conv2D(x, scaled")), None),
}
"""Where the range comes from -> (changes, the op that rounds within a range that was learned)."""


@pytest.mark.parametrize("kind", RANGES)
def test_a_range_that_was_learned(kind: str) -> None:
    changes, name = RANGES[kind]
    (layer,) = model(*changes).layers
    (branch,) = layer.wiring.branches
    found = learned_range(branch.site)
    assert (found and found.name) == name


def test_a_layer_that_is_not_folded_has_no_range() -> None:
    lines = "gamma = Const([1.0])\nx = Placeholder(dtype=float, shape=[-1, 4, 4, 1])\n"
    lines += "y = FusedBatchNormV3(x, gamma, gamma, gamma, gamma, is_training=false)"
    (layer,) = inspect(text.graph(lines)).layers
    assert learned_range(layer.wiring.branches[0].site) is None


@pytest.mark.parametrize("kind", ["constants", "behind an Identity", "delayed"])
def test_new_statistics_bring_a_range_of_their_own(kind: str) -> None:
    changes, name = RANGES[kind]
    written = {node.name: node for node in inserted(model(*changes), {"y": NUMBERS}).nodes}
    bounds = [written[str(name)].inputs[slot] for slot in (1, 2)]
    assert [written[bound].op for bound in bounds] == ["Minimum", "Maximum"]
    assert [written[written[bound].inputs[0]].op for bound in bounds] == ["Min", "Max"]


def test_weights_that_round_within_their_own_range_keep_it() -> None:
    written = {node.name: node for node in inserted(model(*RANGES["their own"][0]), {"y": NUMBERS}).nodes}
    assert written["rounded"].inputs[1:] == ("low", "high")


FIXED = "its weights are rounded channel by channel, or within a range that is fixed (rounded)"
UNKNOWN = "the shape of the weights that it is folded into is unknown"
WEIGHTS = ("weights = Reshape(kernel, sizes, T=float, Tshape=int32)", "weights = VariableV2(dtype=float{})")
DEPTHWISE = (CONVOLVED, CONVOLVED.replace("Conv2D", "DepthwiseConv2dNative"))


def by_channel(shape: str) -> tuple[tuple[str, str], ...]:
    """A depthwise convolution, whose weights are a variable of this shape."""
    return DEPTHWISE, (WEIGHTS[0], WEIGHTS[1].format(shape))


REFUSED = {
    "a fixed range": (RANGES["attributes"][0], FIXED),
    "one per channel": (RANGES["channel by channel"][0], FIXED),
    "channels first": (
        ((CONVOLVED, CONVOLVED.replace("padding", 'data_format="NCHW", padding')),),
        "it is folded into a convolution whose channels come first",
    ),
    "weights of unknown shape": (by_channel(""), UNKNOWN),
    "weights of two axes": (by_channel(", shape=[2, 1]"), UNKNOWN),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_layer_that_cannot_be_folded_anew(kind: str) -> None:
    changes, reason = REFUSED[kind]
    with pytest.raises(RewriteError) as refused:
        inserted(model(*changes), {"y": NUMBERS})
    assert str(refused.value) == reason


def test_the_scale_of_a_depthwise_convolution_is_laid_out_as_its_weights() -> None:
    written = inserted(model(*by_channel(", shape=[1, 1, 2, 1]")), {"y": NUMBERS}).nodes
    (layout,) = (node for node in written if node.name.endswith("/layout"))
    assert layout.attr("value").array().tolist() == [2, 1]


def test_what_cannot_be_made_to_train_is_left_with_the_reason() -> None:
    (change,) = specialize(model(*REFUSED["channels first"][0]), Mode.TRAINING).changes
    assert (change.what, change.reason) == ("left", REFUSED["channels first"][1])
    (change,) = specialize(model(), Mode.TRAINING).changes
    assert (change.what, change.reason) == ("flipped", None)


READ = """
x = Placeholder(dtype=float, shape=[-1, 2])
handle = Placeholder(dtype=float)
high = Const(6.0)
three = Const(3)
change = {change}(handle, three)
read = ReadVariableOp(handle, ^change, dtype=float)
same = Identity(read)
"""
RANGE = "rounded = FakeQuantWithMinMaxVars(x, same, high)\n"
GRADIENT = "back = FakeQuantWithMinMaxVarsGradient(x, x, same, high)\n"
COMPARED = "late = Less(same, three)\n"
HELD = {
    "nothing": ("", False, False),
    "a range": (RANGE, True, True),
    "its gradient, too": (RANGE + GRADIENT, True, True),
    "what is rounded": ("rounded = FakeQuantWithMinMaxVars(same, high, high)\n", False, False),
    "a range and a sum": (RANGE + "sum = Add(x, same)\n", False, False),
    "a comparison": (COMPARED, False, True),
    "a comparison of what was cast": ("number = Cast(same)\n", False, True),
    "a comparison and a sum": (COMPARED + "sum = Add(x, same)\n", False, False),
}
"""What reads it -> (lines, whether it is held behind an Assign, and behind an AssignAdd)."""


@pytest.mark.parametrize("kind", HELD)
@pytest.mark.parametrize("counts", [False, True])
def test_what_is_read_behind_an_update_is_held_for_ranges_and_counts(kind: str, counts: bool) -> None:
    lines, *held = HELD[kind]
    graph = text.graph(READ.format(change="AssignAddVariableOp" if counts else "AssignVariableOp") + lines)
    edits = Edits(graph)
    read, handle, change = (graph.node(name) for name in ("read", "handle", "change"))
    assert hold_read(edits, read, handle.output(), change, "int32") is held[counts]
    now = edits.resolve(read.output()).node
    if not held[counts]:
        assert now is read
    elif lines.startswith("rounded"):
        assert now is handle
    else:
        assert (now.op, [one.node.name for one in now.inputs]) == ("Add", ["handle", "three"])
        assert now.bindings == {"T": "int32"}


@pytest.mark.parametrize(("update", "op"), [("AssignAdd", "Add"), ("AssignSub", "Sub"), ("Assign", None)])
@pytest.mark.parametrize("kind", ["nothing", "a comparison", "a comparison and a sum"])
def test_a_count_that_is_compared_is_what_it_would_be_after(update: str, op: str | None, kind: str) -> None:
    lines = f"step = Const(5)\nthree = Const(3)\nx = Const(1)\nread = {update}(step, three, T=int32)\n"
    graph = text.graph(lines + "same = Identity(read)\n" + HELD[kind][0])
    edits = Edits(graph)
    hold_updates(edits)
    now = edits.resolve(graph.node("read").output()).node
    assert now.op == (op if op is not None and kind == "a comparison" else update)
    assert [one.node.name for one in now.inputs] == ["step", "three"]
