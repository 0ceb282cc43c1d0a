"""A batch norm in the weights of a convolution, written by hand, and what is found there."""

from __future__ import annotations

from bninspect.batchnorm.recognition.quantization.scaled_weights import carried
from bninspect.batchnorm.site import Site
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.text import graph

PARTS = """
image = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
kernel = VariableV2(dtype=float, shape=[1, 1, 2, 2])
gamma = Const([1.5, 0.5])
beta = Const([0.1, 0.2])
mean = Const([0.3, 0.4])
variance = Const([2.0, 3.0])
other = Const([5.0, 6.0])
epsilon = Const(0.001)
phase = Placeholder(dtype=bool, shape=[])
again = Placeholder(dtype=bool, shape=[])
axes = Const([0, 1, 2])
"""
UNSCALED = """
plain = Conv2D(image, kernel)
batch_mean = Mean(plain, axes)
still = StopGradient(batch_mean)
squares = SquaredDifference(plain, still)
batch_variance = Mean(squares, axes)
"""


def folded(mean: str = "mean", variance: str = "variance", scale: str = "Mul(gamma, root)") -> str:
    """What surrounds a convolution with scaled weights; it ends in y."""
    return f"""
shifted = Add({variance}, epsilon)
root = Rsqrt(shifted)
scale = {scale}
scaled = Mul(kernel, scale)
conv = Conv2D(image, scaled)
moved = Mul({mean}, scale)
offset = Sub(beta, moved)
y = Add(conv, offset)
"""


def site(text: str) -> Site | str | None:
    """What the convolution `conv` carries: a site, or the reason for what it is instead."""
    written = graph(text)
    found = carried(written.node("conv"), written, Conditions(written))
    if found is None:
        return None
    assert found.parts == {written.node("root")}
    return found.found if isinstance(found.found, Site) else found.found.reason
