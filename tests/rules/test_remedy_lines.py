"""The lines of the fixes, whole: outputs, layers, inputs and files, each at the edges of what is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from bninspect.inputs.request import Request
from bninspect.rules import Case
from bninspect.rules.remedies import (
    BUILD_ANEW,
    data,
    fillable,
    inputs_wanted,
    obstacle,
    probe_command,
    refresh_command,
    strip_command,
    to_inference,
    with_values,
)
from tests.support.catching import checkpointed, fused
from tests.support.parts import IMAGE, MOMENTS, PARAMETERS, PHASE, STORED, UNDECIDED, fused_cond
from tests.support.probing import fit
from tests.support.text import graph, graphdef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def case(text: str, outputs: Sequence[str] = (), **facts: Any) -> Case:
    """The model of these lines."""
    return Case(report=inspect(graph(text), outputs=outputs), **facts)


def heads(count: int) -> str:
    """A layer that trains and infers, with so many outputs."""
    relus = "".join(f"h{number} = Relu(y)\n" for number in range(count))
    return STORED + PHASE + fused_cond("phase") + relus


@pytest.mark.parametrize(
    ("count", "chosen", "stripped", "refreshed"),
    [
        (1, [], "", ""),
        (2, [], " --output h0 --output h1", ""),
        (2, ["h1"], " --output h1", " --output h1"),
        (20, [], "".join(f" --output h{number}" for number in range(20)), ""),
        (21, [], None, ""),
        (22, [f"h{number}" for number in range(21)], None, None),
    ],
    ids=["one", "two", "one of two", "twenty", "too many", "too many chosen"],
)
def test_outputs_are_named_where_the_file_does_not_tell_or_they_were_chosen(
    count: int, chosen: list[str], stripped: str | None, refreshed: str | None
) -> None:
    model = case(heads(count), chosen)
    assert obstacle(model.report) is None
    strip = None if stripped is None else f"bninspect strip text{stripped} -o text.serving.pb"
    refresh = f"bninspect refresh text --image DIR{refreshed} -o text.refreshed.pb"
    assert strip_command(model) == strip
    assert refresh_command(model) == (None if refreshed is None else refresh)


def chain(count: int, *, training: Sequence[int] = ()) -> str:
    """Layers one behind the other, with statistics of their own; some of them always train."""
    lines, x = STORED, "x"
    for number in range(count):
        lines += f"mean{number} = Const([0.5, 0.1, {number}.0])\n"
        lines += f"variance{number} = Const([1.5, 2.0, {number}.5])\n"
        trains = number in training
        lines += fused(f"bn{number}", x, f"mean{number}", f"variance{number}", training=trains)
        x = f"bn{number}"
    return lines


@pytest.mark.parametrize(
    ("names", "strip", "words"),
    [
        ([], False, " --image DIR -o text.refreshed.pb"),
        (["bn1"], False, " --layer bn1 --image DIR -o text.refreshed.pb"),
        (["bn0", "bn1", "bn3"], False,
         " --layer bn0 --layer bn1 --layer bn3 --image DIR -o text.refreshed.pb"),
        (["bn0", "bn1", "bn2", "bn3"], False, " --image DIR -o text.refreshed.pb"),
        ([f"bn{number}" for number in range(5)], False, " --image DIR -o text.refreshed.pb"),
        (["bn1"], True, " --image DIR --strip -o text.serving.pb"),
    ],
    ids=["all", "one", "three", "four of five", "all by name", "one, and the model is stripped"],
)  # fmt: skip
def test_a_few_layers_are_named(names: list[str], strip: bool, words: str) -> None:
    assert refresh_command(case(chain(5)), names, strip=strip) == f"bninspect refresh text{words}"


def test_all_of_three_layers_are_not_named() -> None:
    three = ["bn0", "bn1", "bn2"]
    assert " --layer" not in (refresh_command(case(chain(3)), three) or "")
    assert (refresh_command(case(chain(4)), three) or "").count(" --layer ") == 3


def test_nothing_is_refreshed_where_there_is_no_layer_or_one_could_not_be_decided() -> None:
    assert refresh_command(case(STORED + "y = Relu(x)\n")) is None
    undecided = case(STORED + fused() + UNDECIDED + "both = Add(y, undecided)\n")
    assert refresh_command(undecided) == "bninspect refresh text --image DIR -o text.refreshed.pb"
    assert refresh_command(undecided, strip=True) is None


FORMULA = """
centred = Sub(x, batch_mean)
small = Add(batch_variance, epsilon)
root = Rsqrt(small)
y = Mul(centred, root)
"""


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (STORED + fused(training=True), "bninspect strip text -o text.serving.pb"),
        (STORED + MOMENTS + FORMULA, "bninspect refresh text --image DIR --strip -o text.serving.pb"),
        (STORED + UNDECIDED, BUILD_ANEW),
        (STORED + MOMENTS + FORMULA + UNDECIDED + "both = Add(y, undecided)\n", BUILD_ANEW),
        (STORED + fused(training=True) + UNDECIDED + "both = Add(y, undecided)\n", BUILD_ANEW),
    ],
    ids=["with statistics", "without", "undecided", "undecided beside one without", "beside one with them"],
)
def test_what_brings_it_to_inference(text: str, command: str) -> None:
    assert to_inference(case(text)) == command


def test_weights_come_before_every_command() -> None:
    lost = case(
        IMAGE
        + PARAMETERS.replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(shape=[3])")
        + fused()
    )
    fix = "freeze it, or give the .meta of its checkpoint instead"
    assert [strip_command(lost), refresh_command(lost), to_inference(lost)] == [fix] * 3


KEEP = "keep = Placeholder(dtype=float, shape=[])\nscaled = Mul(y, keep)\n"
BY_A_NUMBER = "rate = Placeholder(dtype=float, shape=[])\nhigh = Const(5.0)\nphase = Less(rate, high)\n"
TRAINS_ALONE = (
    PHASE + "handed = Switch(x, phase)\nnone = Const([])\n"
    "a = FusedBatchNormV3(handed:1, gamma, beta, none, none)\nb = Identity(handed)\ny = Merge(b, a)\n"
)
"""A layer that is there in training alone."""
BEHIND = """
raw = Placeholder(dtype=string, shape=[])
decoded = DecodeRaw(raw, out_type=float)
x = PlaceholderWithDefault(decoded, dtype=float, shape=[-1, 8, 8, 3])
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STORED + fused(), "--image DIR"),
        (STORED + fused() + KEEP, "--image DIR --feed keep=1.0"),
        (STORED + fused() + KEEP + "end = Relu(y)\n", "--image DIR --feed keep=1.0"),
        (STORED + PHASE + fused_cond("phase") + KEEP, "--image DIR --feed keep=1.0"),
        (STORED + fused() + "half = Const(0.5)\nkeep = PlaceholderWithDefault(half, dtype=float, shape=[])\n"
         "scaled = Mul(y, keep)\n", "--image DIR"),
        (STORED + BY_A_NUMBER + fused_cond("phase"), "--image DIR"),
        (STORED + BY_A_NUMBER + fused_cond("phase") + "end = Mul(y, rate)\n", "--image DIR --feed rate=1.0"),
        (STORED + TRAINS_ALONE, "--image DIR --feed phase=true"),
        (BEHIND + PARAMETERS + fused(), "--image DIR"),
        ("x = Placeholder(dtype=float, shape=[-1, 3])\ny = Relu(x)\n", "--feed x=@x.npy"),
        ("y = Const([1.0, 2.0])\n", ""),
    ],
    ids=["an image", "and a number", "and a number of one output", "a mode is decided by strip", "a default",
         "of a number that decides", "which is read elsewhere", "for a layer to run",
         "what stands before the image", "an array", "nothing"],
)  # fmt: skip
def test_what_a_model_is_fed(text: str, words: str) -> None:
    model = case(text)
    assert inputs_wanted(model.report) == words
    assert probe_command(model) == f"bninspect probe text{words and ' ' + words}"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(random=4), " --feed x=@x.npy"),
        (Request(feeds=("x=@mine.npy",)), " --feed x=@mine.npy"),
    ],
    ids=["random numbers", "an array"],
)
def test_random_numbers_are_not_drawn_again(request_: Request, words: str) -> None:
    arrays = "x = Placeholder(dtype=float, shape=[-1, 3])\ny = Relu(x)\n"
    assert data(case(arrays, request=request_)) == words


def test_variables_with_values_are_constants_to_the_commands() -> None:
    """And a model without variables is the one that was read."""
    frozen = case(STORED + fused()).report
    assert with_values(frozen) is frozen
    restored = checkpointed("switched_115")
    assert restored.report.graph.graphdef.variables
    assert with_values(restored.report).graph.graphdef.variables is None
    assert obstacle(restored.report) is None
    assert fillable(restored.report, False) == {"bn"}


def test_what_no_chosen_output_needs_is_not_fed() -> None:
    text = STORED + fused() + KEEP + "end = Relu(y)\n"
    assert inputs_wanted(case(text, ["end"]).report) == "--image DIR"


@pytest.mark.parametrize(
    ("request_", "preset", "words"),
    [
        (None, None, " --image DIR"),
        (None, fit("caffe", 0.1), " --image DIR --preprocess caffe"),
        (Request(images=("p",), preprocess="torch", channels="bgr"), None,
         " --image p --preprocess torch --channels bgr"),
        (Request(images=("p",), preprocess="torch", channels="bgr"), fit("unit", 0.1),
         " --image p --preprocess unit"),
        (Request(images=("p",), size=(8, 8)), fit("unit", 0.1, "bgr"),
         " --image p --size 8x8 --preprocess unit --channels bgr"),
    ],
    ids=["as before", "a preset", "its own preset", "another preset", "another order of colours"],
)  # fmt: skip
def test_the_model_is_measured_with_another_preset(request_: Request | None, preset: Any, words: str) -> None:
    assert probe_command(case(STORED + fused(), request=request_), preset) == f"bninspect probe text{words}"


@pytest.mark.parametrize(
    ("path", "format_", "mode", "words"),
    [
        ("net.pb", "graphdef", Mode.INFERENCE, "net.pb -o net.serving.pb"),
        ("net.pb", "graphdef", Mode.TRAINING, "net.pb --mode training -o net.training.pb"),
        ("net.meta", "metagraph", Mode.INFERENCE, "net.meta -o net-serving.pb"),
        ("a/net.ckpt-7.meta", "metagraph", Mode.TRAINING,
         "a/net.ckpt-7.meta --mode training -o a/net.ckpt-7-training.pb"),
        ("saved_model.pb", "savedmodel", Mode.INFERENCE, "saved_model.pb -o serving.pb"),
        ("a/saved_model.pbtxt", "savedmodel", Mode.INFERENCE, "a/saved_model.pbtxt -o a.serving.pb"),
        ("a/v1.5", "savedmodel", Mode.INFERENCE, "a/v1.5 -o a/v1.5.serving.pb"),
        ("-", "graphdef", Mode.INFERENCE, "MODEL -o serving.pb"),
        ("-", "metagraph", Mode.TRAINING, "MODEL --mode training -o training.pb"),
        ("-a.h5", "keras", Mode.INFERENCE, "./-a.h5 -o ./-a.serving.pb"),
        ("a b.keras", "keras", Mode.INFERENCE, "'a b.keras' -o 'a b.serving.pb'"),
    ],
)  # fmt: skip
def test_the_new_file_is_named_after_the_model(path: str, format_: str, mode: Mode, words: str) -> None:
    message = graphdef(heads(1)).SerializeToString()
    named = replace(records(message, path), format=format_)
    assert strip_command(Case(report=inspect(flatten(named))), mode) == f"bninspect strip {words}"


def test_the_new_file_stands_beside_a_folder_by_its_whole_name(tmp_path: Path) -> None:
    """A folder may be called as a file is."""
    (tmp_path / "export.pb").mkdir()
    folder = tmp_path / "export.pb"
    named = records(graphdef(heads(1)).SerializeToString(), str(folder))
    expected = f"bninspect strip {folder} -o {folder}.serving.pb"
    assert strip_command(Case(report=inspect(flatten(named)))) == expected
