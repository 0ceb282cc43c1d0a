"""BN114 refused-by-tensorflow."""

from __future__ import annotations

from typing import Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.rules import Case, judge, select
from bninspect.rules.catalogue import bn114
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import IMAGE, PARAMETERS
from tests.support.places import FIXTURES
from tests.support.text import graph

HALF = IMAGE + PARAMETERS + "small = Cast(x, SrcT=float, DstT=half)\n"


def typed(t: str, u: str) -> str:
    """A fused layer of float16 images, of these types T and U."""
    return fused(x="small").replace("epsilon=", f"T={t}, U={u}, epsilon=")


def test_catches_parameters_of_another_type_than_u() -> None:
    """As a script writes it that turns every attribute T, and the constants, to float16."""
    (finding,) = of_fixture("BN114", "cases/half_parameters.pb")
    assert (finding.severity.value, finding.layer) == ("error", "c1/BatchNorm")
    assert finding.message == (
        "2 nodes with an input of another type than the op takes: c1/BatchNorm/FusedBatchNormV3 takes "
        "float32 at input 1 (its attribute U), and c1/BatchNorm/gamma/read:0 is float16: TensorFlow "
        "refuses the file"
    )


@pytest.mark.tensorflow
def test_tensorflow_refuses_it() -> None:
    tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is the truth")
    data = (FIXTURES / "cases" / "half_parameters.pb").read_bytes()
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"passed half from .*expected float"):
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(data), name="")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "y = Add(x, small, T=float)",
            "y takes float32 at input 1 (its attribute T), and small:0 is float16",
        ),
        ("y = Cast(x, SrcT=half, DstT=float)", "y takes float16 at input 0 (its attribute SrcT), and x:0 is"),
        ("y = Mean(small, axes, T=float)", "y takes float32 at input 0 (its attribute T), and small:0 is"),
    ],
)
def test_catches_other_ops(line: str, words: str) -> None:
    assert words in caught("BN114", HALF + "axes = Const([0])\n" + line + "\n").message


@pytest.mark.parametrize(
    "line",
    [
        typed("half", "float"),
        "y = Add(small, small, T=half)",
        "y = Add(x, small)",  # does not say what it takes
        "y = Foreign(x, small, T=double)",  # is not known
        "y = Mean(x, axes, T=float)",
        "same = Less(x, x, T=float)\nwhole = LogicalNot(same)\ny = Select(whole, x, x, T=float)",
        "kept = VariableV2(dtype=float, shape=[3])\nr = Identity(kept, T=float)\ny = Add(x, r, T=float)",
    ],
)
def test_does_not_catch(line: str) -> None:
    assert not found("BN114", HALF + "axes = Const([0])\n" + line + "\n")


CALL = "chosen = Placeholder(dtype=bool)\ny = If(chosen, x, then_branch=@there, else_branch=@gone)\n"
THERE = "def there(a) -> r=a\n"


def test_catches_a_function_that_is_not_in_the_file() -> None:
    finding = caught("BN114", IMAGE + CALL)
    assert finding.node == "y"
    assert finding.message == (
        "2 functions that the outputs need (gone, there) are not in the file: TensorFlow refuses to run it"
    )


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("there", "2 functions that the outputs need (gone, lost) are"),
        ("there, gone", "1 function that the outputs need (lost) is"),
    ],
)
def test_names_the_first_call_of_what_is_missing(held: str, words: str) -> None:
    second = CALL.partition("\n")[2].replace("y = If(chosen, x", "z = If(chosen, y").replace("@gone", "@lost")
    library = "".join(THERE.replace("there", name) for name in held.split(", "))
    finding = caught("BN114", IMAGE + CALL + second + library)
    assert finding.node == ("y" if held == "there" else "z")
    assert finding.message == f"{words} not in the file: TensorFlow refuses to run it"


def test_does_not_catch_functions_that_nobody_needs() -> None:
    """Nor calls of functions that are there."""
    assert not found("BN114", IMAGE + CALL + THERE + THERE.replace("there", "gone"))
    report = inspect(graph(IMAGE + CALL + "z = Relu(x)\n"), outputs=["z"])
    assert not judge(Case(report=report), select(["BN114"])).findings


def test_catches_a_return_that_freezing_gave_another_name() -> None:
    """What `tests/commands/test_misnamed_returns.py` has TensorFlow refuse."""
    (finding,) = of_fixture("BN114", "layers_decomposed_if_2.pb")
    assert finding.message == (
        "2 functions that the outputs need (bn_cond_false_frozen_5, bn_cond_1_false_frozen_7) return "
        "ReadVariableOp:value:0, which freezing gave another name: TensorFlow refuses to run it"
    )
    assert finding.remedy is not None
    assert finding.remedy.startswith("bninspect strip ")


RETURNS = "y = If(chosen, x, then_branch=@kept, else_branch=@handed)\ndef kept(a) -> r=a\n"
HANDED = "def handed(a) -> r=read:{0}:0\n  read = {1}(a)\n"


def test_does_not_catch_returns_by_their_names() -> None:
    """Nor those of functions that nobody needs."""
    text = IMAGE + "chosen = Placeholder(dtype=bool)\n" + RETURNS
    assert not found("BN114", text + HANDED.format("output", "Identity"))
    assert not found("BN114", text + HANDED.format("y", "Square"))
    misnamed = text + HANDED.format("value", "Identity") + "z = Relu(x)\n"
    assert not judge(Case(report=inspect(graph(misnamed), outputs=["z"])), select(["BN114"])).findings
    assert judge(Case(report=inspect(graph(misnamed), outputs=["y"])), select(["BN114"])).findings


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("bninspect strip", "bninspect strip"),
        (None, "freeze it without functions: tf.compat.v1.disable_control_flow_v2() before it is built"),
    ],
)
def test_strip_calls_functions_by_the_right_names_where_it_can(
    command: str | None, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bn114, "strip_command", lambda case: command)
    text = IMAGE + "chosen = Placeholder(dtype=bool)\n" + RETURNS
    assert caught("BN114", text + HANDED.format("value", "Identity")).remedy == remedy


def test_catches_a_return_of_a_function_that_a_function_calls() -> None:
    outer = "def outer(a) -> r=c:output:0\n  c = PartitionedCall(a, f=@handed)\n"
    text = IMAGE + "chosen = Placeholder(dtype=bool)\n" + RETURNS.replace("@handed", "@outer") + outer
    finding = caught("BN114", text + HANDED.format("value", "Identity"))
    assert finding.message.startswith("1 function that the outputs need (handed) returns read:value:0, which")
