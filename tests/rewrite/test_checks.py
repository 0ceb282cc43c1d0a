"""Asserts of what decides alone go with it; every other check stays, and so does one of what is still fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bninspect
from bninspect.batchnorm import Mode, inspect
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rewrite import specialize
from bninspect.run.session import Session
from tests.support.parts import PHASE, STORED, fused_cond
from tests.support.text import graph

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

STEP = STORED + "step = Placeholder(dtype=int64, shape=[])\nhundred = Const(100)\nnone = Const(0)\n"
EARLY = "early = Less(step, hundred)\n"
COUNTED = "counted = GreaterEqual(step, none)\ncheck = Assert(counted, step)\n"
LAYER = fused_cond("early", x="image")


def kept(text: str, mode: Mode = Mode.INFERENCE, *, everything: bool = True) -> set[str]:
    """The names of what is left of these lines, whose output is `out`, in one mode."""
    found = inspect(graph(text), outputs=("out:0",))
    made = specialize(found, mode, everything=everything)
    return {node.name for node in made.pruned((), found.outputs).kept}


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
@pytest.mark.parametrize("everything", [True, False])
def test_a_check_of_the_step_goes_with_the_step(mode: Mode, everything: bool) -> None:
    image = "image = Identity(x, ^check)\n"
    left = kept(STEP + EARLY + COUNTED + image + LAYER + "out = Identity(y)\n", mode, everything=everything)
    assert not left & {"step", "check", "counted", "early", "hundred"}
    assert {"x", "image", "gamma", "out"} <= left


BEHIND = {
    "another check": ("again = Less(step, hundred, ^check)\nlast = Assert(again, step)\n", "last"),
    "what waits for it": ("last = NoOp(^check)\n", "last"),
    "what hands it on": ("seen = Identity(step, ^check)\nlast = Identity(seen)\n", "last"),
    "of two it waits for": ("last = NoOp(^check)\n", "check, ^last"),
}


@pytest.mark.parametrize("kind", BEHIND)
def test_what_stands_behind_a_check_goes_with_it(kind: str) -> None:
    lines, waited = BEHIND[kind]
    image = f"image = Identity(x, ^{waited})\n"
    left = kept(STEP + EARLY + COUNTED + lines + image + LAYER + "out = Identity(y)\n")
    assert left == {"x", "gamma", "beta", "mean", "variance", "image", "y_infer", "out"}


STAYING = {
    "of the image": "seen = IsFinite(x)\n"
    "all = All(seen, none)\ncheck = Assert(all, x)\nimage = Identity(x, ^check)\n",
    "of both": COUNTED.replace("check =", "first =") + "seen = IsFinite(x)\nall = All(seen, none)\n"
    "both = LogicalAnd(all, counted)\ncheck = Assert(both, step)\n"
    "image = Identity(x, ^check)\n",
    "of another that is fed": "other = Placeholder(dtype=bool, shape=[])\ncheck = Assert(other, none)\n"
    "image = Identity(x, ^check)\n",
    "of constants": "check = Assert(fact, none)\nfact = Less(none, hundred)\nimage = Identity(x, ^check)\n",
    "of what changes": "v = VariableV2(dtype=int64, shape=[])\nseen = GreaterEqual(v, step)\n"
    "check = Assert(seen, step)\nimage = Identity(x, ^check)\n",
    "of a random number": "shape = Const([1])\nnumber = RandomUniform(shape, ^step)\n"
    "seen = GreaterEqual(number, none)\n"
    "check = Assert(seen, step)\nimage = Identity(x, ^check)\n",
}


@pytest.mark.parametrize("case", STAYING)
def test_a_check_of_something_else_stays(case: str) -> None:
    left = kept(STEP + EARLY + STAYING[case] + LAYER + "out = Identity(y)\n")
    assert {"check", "image"} <= left


def test_a_check_of_what_is_still_read_stays() -> None:
    read = "number = Cast(step, SrcT=int64, DstT=float)\nout = Mul(y, number)\n"
    left = kept(STEP + EARLY + COUNTED + "image = Identity(x, ^check)\n" + LAYER + read)
    assert {"step", "check", "counted"} <= left


@pytest.mark.parametrize("lines", ["", COUNTED], ids=["without a check", "beside a check"])
def test_what_is_waited_for_and_checks_nothing_stays(lines: str) -> None:
    waiting = "waited = Identity(step)\nimage = Identity(x, ^waited)\n"
    assert "waited" in kept(STEP + EARLY + lines + waiting + LAYER + "out = Identity(y)\n")


def test_a_boolean_that_is_settled() -> None:
    lines = PHASE + "not = LogicalNot(phase)\neither = LogicalOr(phase, not)\ncheck = Assert(either, phase)\n"
    lines += "image = Identity(x, ^check)\n" + fused_cond("phase", x="image") + "out = Identity(y)\n"
    assert not kept(STORED + lines) & {"phase", "phase/fixed", "not", "either", "check"}


IMAGES = np.random.default_rng(3).normal(0.5, 2, (4, 6, 6, 3)).astype(np.float32)


def guarded(path: Path) -> Path:
    """A model whose layer trains in the first hundred steps, whose image waits for a check of them."""
    from tests.rewrite.conditionals import layer, write

    def build(tf: Any, x: Any) -> Any:
        step = tf.compat.v1.placeholder(tf.int64, [], name="step")
        with tf.control_dependencies([tf.raw_ops.Assert(condition=step >= 0, data=[step])]):
            image = tf.identity(x)
        return layer(image, step < 100, "bn", trains_when=True)

    return write(path / "guarded.pb", build)


@pytest.mark.tensorflow
def test_strip_feeds_the_step_no_more(tmp_path: Path) -> None:
    model, target = guarded(tmp_path), tmp_path / "out.pb"
    verification = bninspect.strip(model, target).verification
    assert verification is not None
    assert verification.state == "verified"
    images = IMAGES[:, :4, :4]
    with_step = {"x:0": images, "step:0": np.int64(100)}
    [served] = Session(target.read_bytes()).run(["y:0"], {"x:0": images})
    [expected] = Session(model.read_bytes()).run(["y:0"], with_step)
    np.testing.assert_array_equal(served, expected)


def probed(model: Path, feeds: tuple[str, ...] = ()) -> Probe:
    found = inspect(bninspect.load(str(model)))
    question = Question(layers=found.layers, companions=False, presets=False)
    return probe(found, question, Request(random=4, feeds=feeds))


@pytest.mark.tensorflow
def test_probe_asks_for_no_step_that_only_a_check_reads(tmp_path: Path) -> None:
    model = guarded(tmp_path)
    alone = probed(model)
    assert alone.verification.state == "impossible"
    reason = "it also has to be fed step:0 (int64, a scalar); for example: --feed step=0"
    assert alone.verification.reason == f"the original does not run: {reason}"
    fed = probed(model, ("step=5",))
    assert fed.verification.state == "verified"
    assert fed.layers[0].difference == alone.layers[0].difference
