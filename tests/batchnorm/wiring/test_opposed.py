"""Two modes with more between them and what chooses: one layer, by what the outputs need under each value."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode
from bninspect.batchnorm.wiring.deciding import deciders_of
from tests.support.parts import EMPTY, PHASE, STORED, only_layer, report, said

EXPORT = "export = Placeholder(dtype=bool, shape=[])\n"
BOTH = """
train = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
"""
SWITCHED = STORED + PHASE + EMPTY
PASSED = {
    "StridedSlice": "a_NAME = StridedSlice(NAME, from, to, by)",
    "Slice": "a_NAME = Slice(NAME, from, to)",
    "Transpose": "a_NAME = Transpose(NAME, to)",
    "Pad": "a_NAME = Pad(NAME, to)",
    "Mean": "a_NAME = Mean(NAME, by)",
    "Relu": "a_NAME = Relu(NAME)",
    "Split, output 1": "split_NAME = Split(by, NAME)\na_NAME = Identity(split_NAME:1)",
    "a sum with x": "a_NAME = AddV2(NAME, x)",
    "a convolution of the same weights": "a_NAME = Conv2D(NAME, kernel)",
}
NUMBERS = """
from = Const([0, 1, 1, 0])
to = Const([0, 4, 4, 0])
by = Const([1, 1, 1, 1])
kernel = Const([1.0])
"""


def side(name: str, passed: str) -> str:
    return PASSED[passed].replace("NAME", name) + "\n"


@pytest.mark.parametrize("second", ["again", "infer"])
def test_a_further_select_of_either_writing_of_a_mode_leaves_them_undecided(second: str) -> None:
    """Inference mode is written twice; another predicate chooses between training mode and one of these."""
    third = "third = Placeholder(dtype=bool, shape=[])\n"
    twice = BOTH + "again = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    inner = "inner = SelectV2(export, infer, again)\ny = SelectV2(phase, train, inner)\n"
    outer = f"z = SelectV2(third, train, {second})\nout = AddV2(y, z)\n"
    found = report(SWITCHED + EXPORT + third + twice + inner + outer)
    assert found.layers == ()
    assert [one.reason for one in found.unrecognised] == [
        "training mode (train) and inference mode (infer) of one x: "
        "more conditionals than can be told apart choose between them"
    ]


@pytest.mark.parametrize("passed", PASSED)
@pytest.mark.parametrize("true_is", ["train", "infer"])
def test_a_select_of_what_both_outputs_pass(passed: str, true_is: str) -> None:
    other = "infer" if true_is == "train" else "train"
    text = SWITCHED + NUMBERS + BOTH + side("train", passed) + side("infer", passed)
    text += f"y = SelectV2(phase, a_{true_is}, a_{other})\n"
    assert said(text) == ("switched", "phase:0", true_is == "train", None)
    layer = only_layer(text)
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == "phase:0"
    assert [node.name for node in layer.merges] == ["y"]
    assert layer.output.name == "infer:0"
    assert [branch.node.name for branch in layer.wiring.served] == ["train", "infer"]


def test_as_in_a_conditional_the_sides_may_compute_otherwise() -> None:
    text = SWITCHED + NUMBERS + BOTH + side("train", "Relu") + side("infer", "StridedSlice")
    text += "serving = LogicalNot(phase)\ny = SelectV2(serving, a_infer, a_train)\n"
    assert said(text) == ("switched", "phase:0", True, None)


def test_several_selects_of_one_layer_are_its_joins() -> None:
    text = SWITCHED + NUMBERS + BOTH
    for passed, name in (("Relu", "first"), ("StridedSlice", "second")):
        for mode in ("train", "infer"):
            text += side(mode, passed).replace("a_", f"{name}_")
        text += f"{name} = SelectV2(phase, {name}_train, {name}_infer)\n"
    layer = only_layer(text + "y = AddV2(first, second)\n")
    assert [node.name for node in layer.merges] == ["first", "second"]


def test_whole_networks_in_a_select() -> None:
    """The join of both layers is the same; what is chosen by phase inside one side is no join of theirs."""
    text = SWITCHED + NUMBERS + BOTH + side("train", "Relu") + side("infer", "Relu")
    text += """
dropped = SelectV2(phase, a_train, train)
second_gamma = Const([1.0, 2.0, 3.0])
train_2 = FusedBatchNormV3(dropped, second_gamma, beta, none, none, is_training=true)
infer_2 = FusedBatchNormV3(a_infer, second_gamma, beta, mean, variance, is_training=false)
y_train = Relu(train_2)
y_infer = Relu(infer_2)
y = SelectV2(phase, y_train, y_infer)
"""
    found = report(text)
    assert [(layer.mode, [node.name for node in layer.merges]) for layer in found.layers] == [
        (Mode.SWITCHED, ["y"])
    ] * 2
    assert [[branch.node.name for branch in layer.wiring.served] for layer in found.layers] == [
        ["train", "infer"],
        ["train_2", "infer_2"],
    ]
    assert len(found.switches) == 1


@pytest.mark.parametrize("swapped", [False, True])
def test_two_towers_are_paired_by_their_x(swapped: bool) -> None:
    text = SWITCHED + BOTH + "z = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
    text += BOTH.replace("train =", "train_z =").replace("infer =", "infer_z =").replace("(x,", "(z,")
    sums = [("infer_z", "infer"), ("infer", "infer_z")]
    text += "both_train = AddV2(train, train_z)\n" + f"both_infer = AddV2({', '.join(sums[not swapped])})\n"
    text += "y = SelectV2(phase, both_train, both_infer)\n"
    found = report(text)
    served = {tuple(branch.node.name for branch in layer.wiring.served) for layer in found.layers}
    assert served == {("train", "infer"), ("train_z", "infer_z")}


def test_of_two_domains_training_goes_with_the_nearer() -> None:
    """What training updates is what serves where it does not train."""
    text = SWITCHED + EXPORT + NUMBERS + BOTH + "other = Const([3.0, 2.0, 1.0])\n"
    text += "export_only = FusedBatchNormV3(x, gamma, beta, other, variance, is_training=false)\n"
    text += "".join(side(name, "Relu") for name in ("export_only", "infer", "train"))
    text += "inner = SelectV2(phase, a_train, a_infer)\ny = SelectV2(export, a_export_only, inner)\n"
    found = report(text)
    assert [
        (layer.mode.value, [branch.node.name for branch in layer.wiring.served]) for layer in found.layers
    ] == [("inference", ["export_only"]), ("switched", ["train", "infer"])]
    assert found.layers[1].switch is not None
    assert found.layers[1].switch.predicate.tensor.name == "phase:0"
    assert [node.name for node in found.layers[1].merges] == ["inner"]


@pytest.mark.parametrize("written", ["once", "twice"])
def test_selects_within_selects_are_one_predicate(written: str) -> None:
    """Exported, it serves, too: whether inference mode is written once, or for each."""
    exported = "a_infer"
    text = SWITCHED + EXPORT + NUMBERS + BOTH + side("train", "Relu") + side("infer", "Relu")
    if written == "twice":
        exported = "a_again"
        text += BOTH.splitlines()[2].replace("infer =", "again =") + "\n" + side("again", "Relu")
    text += f"inner = SelectV2(phase, a_train, a_infer)\ny = SelectV2(export, {exported}, inner)\n"
    layer = only_layer(text)
    assert layer.switch is not None
    assert layer.switch.predicate.behind.name == "phase:0 and not export:0"
    assert [node.name for node in layer.merges] == ["inner", "y"]
    trains, serves = (
        {tensor.name: value for tensor, value in deciders_of(layer.switch, mode).items()}
        for mode in (Mode.TRAINING, Mode.INFERENCE)
    )
    assert trains == {"phase:0": True, "export:0": False}
    assert serves == {"phase:0": False, "export:0": True}
    assert layer.inference is not None  # the one that these values take
    assert layer.inference.node.name == exported.removeprefix("a_")
    assert layer.output == layer.inference.output


def test_no_join_is_needed_where_a_switch_says_what_runs() -> None:
    text = (
        SWITCHED
        + """
pred_id = Identity(phase)
handed = Switch(x, pred_id)
train = FusedBatchNormV3(handed:1, gamma, beta, none, none, is_training=true)
infer = FusedBatchNormV3(handed, gamma, beta, mean, variance, is_training=false)
"""
    )
    layer = only_layer(text)
    assert said(text) == ("switched", "phase:0", True, None)
    assert layer.switch is not None
    assert (layer.switch.predicate.tensor.name, layer.merges) == ("pred_id:0", ())


def chosen(questions: str, tree: str) -> str:
    """A tree of Selects of what the outputs pass, on these predicates."""
    text = SWITCHED + BOTH + "a_train = Relu(train)\na_infer = Relu(infer)\n"
    return text + "".join(f"{name} = Placeholder(dtype=bool)\n" for name in questions) + tree


TREES = {
    "y = Select(p, a_infer, a_train)": ("p:0", False, ["y"]),
    "i = Select(q, a_train, a_infer)\ny = Select(p, a_train, i)": ("p:0 or q:0", True, ["i", "y"]),
    "i = Select(q, a_train, a_infer)\ny = Select(p, i, a_infer)": ("p:0 and q:0", True, ["i", "y"]),
    "i = Select(q, a_train, a_infer)\ny = Select(p, a_infer, i)": (
        "q:0 and not p:0", True, ["i", "y"],
    ),
    "h = Select(r, a_train, a_infer)\ni = Select(q, h, a_infer)\ny = Select(p, i, a_infer)": (
        "p:0 and (q:0 and r:0)", True, ["h", "i", "y"],
    ),
    "h = Select(r, a_train, a_infer)\ni = Select(q, a_train, h)\ny = Select(p, a_train, i)": (
        "p:0 or (q:0 or r:0)", True, ["h", "i", "y"],
    ),
    "h = Select(r, a_train, a_infer)\ni = Select(q, a_infer, h)\ny = Select(p, a_train, i)": (
        "p:0 or (r:0 and not q:0)", True, ["h", "i", "y"],
    ),
    "h = Select(r, a_train, a_infer)\nw = Relu(h)\ni = Select(q, w, x)\ny = Select(p, i, x)": (
        "r:0", True, ["h"],
    ),
    "i = Select(q, a_train, x)\nj = Select(q, a_infer, x)\ny = Select(p, i, j)": ("p:0", True, ["y"]),
    "b = LogicalAnd(p, q)\ny = Select(b, a_train, a_infer)": ("b:0", True, ["y"]),
}  # fmt: skip
"""Lines -> the predicate, its value that serves training, the joins."""


@pytest.mark.parametrize("tree", TREES)
def test_what_a_tree_of_selects_asks(tree: str) -> None:
    layer = only_layer(chosen("pqr", tree + "\n"))
    assert layer.switch is not None
    joins = sorted(node.name for node in layer.merges)
    predicate = layer.switch.predicate.tensor.name
    assert (predicate, layer.switch.training_when_predicate, joins) == TREES[tree]
    assert layer.again == ()


def test_what_no_values_take_is_a_layer_of_its_own() -> None:
    """The inner Select asks what the outer one has answered."""
    tree = "i = Select(p, a_infer, x)\ny = Select(p, a_train, i)\n"
    assert [layer.mode.value for layer in report(chosen("p", tree)).layers] == ["training", "inference"]


def test_of_a_mode_written_twice_the_one_that_is_needed_serves() -> None:
    twice = "again = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\nb = Relu(again)\n"
    layer = only_layer(chosen("pq", twice + "i = Select(q, a_train, a_infer)\ny = Select(p, i, b)\n"))
    assert [branch.node.name for branch in layer.wiring.served] == ["train", "again"]
    assert [site.node.name for site in layer.again] == ["infer"]
    assert layer.output.name == "again:0"


def test_of_many_calls_each_goes_with_that_of_its_x() -> None:
    """More share their parameters than one is compared with."""
    calls = range(18)
    text = SWITCHED + "".join(
        f"x{at} = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
        + BOTH.replace(" =", f"{at} =").replace("(x,", f"(x{at},")
        for at in calls
    )
    for mode in ("train", "infer"):
        text += f"all_{mode} = AddN({', '.join(f'{mode}{at}' for at in calls)})\n"
    found = report(text + "y = Select(phase, all_train, all_infer)\n")
    assert [[branch.node.name for branch in layer.wiring.served] for layer in found.layers] == [
        [f"train{at}", f"infer{at}"] for at in calls
    ]


APART = {
    "an output reads one of them, too": "y = SelectV2(phase, a_train, a_infer)\nalso = Identity(train)\n",
    "one side reads both": "both = AddV2(a_train, infer)\ny = SelectV2(phase, both, a_infer)\n",
    "no predicate": "y = AddV2(a_train, a_infer)\n",
}


@pytest.mark.parametrize("end", APART)
def test_two_that_are_needed_at_once_are_two(end: str) -> None:
    text = SWITCHED + NUMBERS + BOTH + side("train", "Relu") + side("infer", "StridedSlice") + APART[end]
    assert [layer.mode.value for layer in report(text).layers] == ["training", "inference"]


def test_of_other_parameters_and_another_x_they_are_two() -> None:
    text = SWITCHED + NUMBERS + BOTH.replace("(x, gamma", "(z, other", 1)
    text += "z = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\nother = Const([3.0, 2.0, 1.0])\n"
    text += side("train", "Relu") + side("infer", "Relu") + "y = SelectV2(phase, a_train, a_infer)\n"
    assert sorted(layer.mode.value for layer in report(text).layers) == ["inference", "training"]


def test_calls_of_one_layer_on_one_x_stay_calls() -> None:
    """Both are needed at once: neither is the other one written again."""
    text = SWITCHED + NUMBERS + BOTH + BOTH.replace(" =", "_2 =")
    for mode in ("train", "infer"):
        text += side(mode, "Relu") + f"sum_{mode} = AddV2(a_{mode}, {mode}_2)\n"
    text += "y = SelectV2(phase, sum_train, sum_infer)\n"
    assert [layer.mode.value for layer in report(text).layers] == ["switched", "switched"]
