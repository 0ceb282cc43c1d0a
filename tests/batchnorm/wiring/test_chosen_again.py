"""A pair between whose modes something further behind chooses, too, is undecided; not so of its output."""

from __future__ import annotations

import pytest

from tests.support.parts import EMPTY, PHASE, STORED, report

HEAD = (
    STORED
    + PHASE
    + EMPTY
    + "export = Placeholder(dtype=bool, shape=[])\nother = Neg(x)\n"
    + "train = FusedBatchNormV3(x, gamma, beta, none, none)\n"
    + "infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    + "y = Select(phase, train, infer)\n"
)
UNDECIDED = (
    "training mode (train) and inference mode (infer) of one x: "
    "more conditionals than can be told apart choose between them"
)


def ladder(many: int, start: str) -> str:
    """A tensor or something else, by whether an odd number of so many questions is answered by yes."""
    rows = [f"s = Identity({start})\nt = Identity(other)\n"]
    for at in range(many):
        rows.append(
            f"q{at} = Placeholder(dtype=bool, shape=[])\n"
            f"{'s' * (at + 2)} = Select(q{at}, {'s' * (at + 1)}, {'t' * (at + 1)})\n"
            f"{'t' * (at + 2)} = Select(q{at}, {'t' * (at + 1)}, {'s' * (at + 1)})\n"
        )
    return "".join(rows)


CHOSEN = {
    "nothing behind": ("", True),
    "the output, or something else": ("z = Select(export, y, other)\n", True),
    "one of the modes, or something else": ("z = Select(export, infer, other)\n", True),
    "one mode twice": ("again = Identity(infer)\nz = Select(export, infer, again)\n", True),
    "the modes, on another question": ("z = Select(export, train, infer)\n", False),
    "the modes, on the same question": ("z = Select(phase, train, infer)\nw = Add(y, z)\n", True),
    "the modes, on its negation": (
        "no = LogicalNot(phase)\nz = Select(no, infer, train)\nw = Add(y, z)\n",
        True,
    ),
    "the modes, on its negation the other way": (
        "no = LogicalNot(phase)\nz = Select(no, train, infer)\nw = Add(y, z)\n",
        False,
    ),
    "the modes, in a further choice": (
        "i = Select(export, infer, other)\nz = Select(export, train, other)\n"
        "q = Placeholder(dtype=bool, shape=[])\nw = Select(q, i, z)\n",
        False,
    ),
    "a Merge by which nothing is chosen": ("late = Neg(x)\nz = Merge(y, late)\n", True),
    "as many as are followed": (ladder(5, "y"), True),
    "more than are followed": (ladder(6, "y"), False),
    "more than are followed, of one mode": (ladder(6, "infer"), True),
}  # fmt: skip


@pytest.mark.parametrize("case", CHOSEN)
def test_what_else_chooses(case: str) -> None:
    lines, is_decided = CHOSEN[case]
    end = (lines or "y = \n").splitlines()[-1].partition(" ")[0]
    found = report(HEAD + lines + f"out = AddN(y, {end})\n")
    layers = [(layer.mode.value, layer.output.node.name) for layer in found.layers]
    assert layers == ([("switched", "y")] if is_decided else [])
    assert [one.reason for one in found.unrecognised] == ([] if is_decided else [UNDECIDED])
