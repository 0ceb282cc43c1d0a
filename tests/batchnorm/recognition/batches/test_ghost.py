"""Groups of images beside groups of channels: by the target of a Reshape, and the channels of its input."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.batches.ghost import in_groups, is_over_images
from bninspect.batchnorm.recognition.formula import Match
from tests.support.parts import BATCH, PHASE, only_layer, report
from tests.support.text import graph

START = """
image = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
narrow = Placeholder(dtype=float, shape=[-1, 8, 8, -1])
rows = Placeholder(dtype=float, shape=[-1, 3])
fed = Placeholder(dtype=float)
weights = VariableV2(dtype=float, shape=[1, 1, 3, 4])
made = Conv2D(image, weights)
gamma = Const([1.5, 2.0, 0.5])
laid = VariableV2(dtype=float, shape=[1, 1, 3])
number = Const(1.0)
one = Const([1.0])
pair = Const([1.0, 2.0])
unknown = VariableV2(dtype=float)
four = Const(4)
eight = Const(8)
three = Const(3)
two_numbers = Const([8, 3])
count = Placeholder(dtype=int32, shape=[])
"""


def over_images(
    lines: str, axes: tuple[int, ...], gamma: str | None = "gamma", beta: str | None = None
) -> bool:
    """Whether moments of y over these axes are taken over images, with this gamma and this beta."""
    written = graph(START + lines)
    x = written.node("y").output()
    match = Match(
        output=x,
        x=x,
        mean=written.node("fed").output(),
        gamma=() if gamma is None else (written.node(gamma).output(),),
        beta=None if beta is None else written.node(beta).output(),
        distributed=True,
    )
    return is_over_images(match, axes)


TO = "to = Const({})\ny = Reshape({}, to)\n"
PACKED = "to = Pack({})\ny = Reshape(image, to)\n"
OVER = {
    "channels last": (TO.format("[-1, 4, 8, 8, 3]", "image"), (1, 2, 3)),
    "channels first": (TO.format("[-1, 4, 3, 8, 8]", "image"), (1, 3, 4)),
    "axes from the end": (TO.format("[-1, 4, 8, 8, 3]", "image"), (-4, -3, -2)),
    "rows": (TO.format("[-1, 4, 3]", "rows"), (1,)),
    "groups behind their images": (TO.format("[4, -1, 8, 8, 3]", "image"), (0, 2, 3)),
    "groups behind their images, channels first": (TO.format("[4, -1, 3, 8, 8]", "image"), (0, 3, 4)),
    "groups of rows behind them": (TO.format("[4, -1, 3]", "rows"), (0,)),
    "a packed target": (PACKED.format("count, four, eight, eight, three"), (1, 2, 3)),
}


@pytest.mark.parametrize("case", OVER)
def test_over_images(case: str) -> None:
    lines, axes = OVER[case]
    assert over_images(lines, axes)


NOT = {
    "no Reshape": ("y = Relu(image)\n", (1, 2, 3)),
    "of as many axes": (TO.format("[-1, 4, 8, 3]", "image"), (1, 2)),
    "of two axes more": (TO.format("[-1, 4, 8, 4, 2, 3]", "image"), (1, 2, 3, 4)),
    "of what has no known rank": (TO.format("[-1, 4, 8, 8, 3]", "fed"), (1, 2, 3)),
    "another axis is kept": (TO.format("[-1, 4, 8, 3, 8]", "image"), (1, 2, 4)),
    "the groups are not kept": (TO.format("[-1, 4, 8, 8, 3]", "image"), (0, 1, 2, 3)),
    "two axes are kept": (TO.format("[-1, 4, 8, 8, 3]", "image"), (1, 2)),
    "other channels": (TO.format("[-1, 8, 8, 2, 2]", "image"), (1, 2, 3)),
    "groups of one image": (TO.format("[-1, 1, 8, 8, 3]", "image"), (1, 2, 3)),
    "groups of one image, channels first": (TO.format("[-1, 1, 3, 8, 8]", "image"), (1, 3, 4)),
    "groups of one image, behind it": (TO.format("[1, -1, 8, 8, 3]", "image"), (0, 2, 3)),
    "steps of a sequence": (TO.format("[-1, 5, 8, 8, 3]", "image"), (0, 2, 3)),
    "both kept": (TO.format("[4, -1, 8, 8, 3]", "image"), (2, 3)),
    "a sum of five numbers": (
        PACKED.replace("Pack", "AddN").format("count, four, eight, eight, three"),
        (1, 2, 3),
    ),
    "a target that is computed": ("to = Add(count, four)\ny = Reshape(image, to)\n", (1, 2, 3)),
    "a size that is computed": (PACKED.format("count, four, eight, eight, count"), (1, 2, 3)),
    "a size of two numbers": (PACKED.format("count, four, eight, eight, two_numbers"), (1, 2, 3)),
}


@pytest.mark.parametrize("case", NOT)
def test_not_over_images(case: str) -> None:
    lines, axes = NOT[case]
    assert not over_images(lines, axes)


@pytest.mark.parametrize(
    ("of", "size", "gamma", "beta", "is_over"),
    [
        ("image", 3, "gamma", None, True),
        ("image", 3, None, "gamma", True),
        ("image", 3, "laid", None, True),
        ("image", 3, None, None, True),
        ("narrow", 3, None, None, False),
        ("image", 1, "number", None, False),
        ("image", 1, "one", None, False),
        ("image", 2, "pair", None, True),
        ("narrow", 3, "unknown", "unknown", False),
        ("made", 4, None, None, True),
        ("made", 3, None, None, False),
        ("made", 1, None, None, False),
    ],
)
def test_as_many_values_are_kept_apart_as_x_has_channels(
    of: str, size: int, gamma: str | None, beta: str | None, is_over: bool
) -> None:
    """By its parameters, by the weights that it is made with or what is fed; one channel tells nothing."""
    assert over_images(TO.format(f"[-1, 4, 8, 8, {size}]", of), (1, 2, 3), gamma, beta) is is_over


CHAIN = "shifted = Add(v, epsilon)\nroot = Rsqrt(shifted)\ncentred = Sub({0}, m)\nn = Mul(centred, root)\n"
CHAIN += "scaled = Mul(n, gamma)\ny = Add(scaled, beta)\n"
OWN = "m = Mean({0}, over)\nd = SquaredDifference({0}, m)\nv = Mean(d, over)\n"
SPLIT = "to = Const([-1, 4, 8, 8, 3])\ngroups = Reshape(x, to)\nover = Const([1, 2, 3])\n"
BEHIND = "to = Const([4, -1, 8, 8, 3])\ngroups = Reshape(x, to)\nover = Const([0, 2, 3])\n"
CHOSEN = (
    "own_m = Mean(groups, over, keep_dims=true)\nd = SquaredDifference(groups, own_m)\n"
    "own_v = Mean(d, over, keep_dims=true)\nm = Select(phase, own_m, mean)\n"
    "v = Select(phase, own_v, variance)\n"
)
SITES = {
    "groups behind their images": (BEHIND + OWN.format("groups") + CHAIN.format("groups"), True),
    "chosen": (PHASE + SPLIT + CHOSEN + CHAIN.format("groups"), True),
    "chosen, behind their images": (PHASE + BEHIND + CHOSEN + CHAIN.format("groups"), True),
    "groups": (SPLIT + OWN.format("groups") + CHAIN.format("groups"), True),
    "no groups": ("over = Const([0, 1, 2])\n" + OWN.format("x") + CHAIN.format("x"), False),
    "stored": ("m = Identity(mean)\nv = Identity(variance)\n" + CHAIN.format("x"), False),
    "rows": (
        "to = Const([-1, 3])\nrows = Reshape(x, to)\nover = Const([0])\n"
        + OWN.format("rows")
        + CHAIN.format("rows"),
        False,
    ),
}


@pytest.mark.parametrize("case", SITES)
def test_a_site_of_groups(case: str) -> None:
    lines, is_grouped = SITES[case]
    layer = only_layer(BATCH + lines)
    assert in_groups(layer.wiring.served[0].site) is is_grouped
    assert (layer.data_format, layer.kept_axes, layer.channels) == ("NHWC", (), 3)


@pytest.mark.parametrize("to", ["[1, -1, 8, 8, 3]", "[-1, 1, 8, 8, 3]"])
def test_groups_of_one_image_are_instance_norm(to: str) -> None:
    over = [0, 2, 3] if to.startswith("[1") else [1, 2, 3]
    lines = f"to = Const({to})\ngroups = Reshape(x, to)\nover = Const({over})\n"
    found = report(BATCH + lines + OWN.format("groups") + CHAIN.format("groups"))
    assert [(one.kind, one.reason) for one in found.lookalikes] == [
        ("instance_norm", f"its moments are taken over axes {over}, of groups of one image each")
    ]
