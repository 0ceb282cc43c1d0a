"""Batch norm in library functions: If, calls within calls, arguments handed back, what is not written out."""

from __future__ import annotations

import pytest

from bninspect.errors import GraphDefError
from tests.support.catching import fused
from tests.support.parts import BATCH, PHASE, STORED, only_layer, reasons, report, said

BRANCHES = """
def train(x, gamma, beta, mean, variance) -> y=out:output:0
    bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=true)
    out = Identity(bn:y:0)
def infer(x, gamma, beta, mean, variance) -> y=out:output:0
    bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
    out = Identity(bn:y:0)
"""
ARGUMENTS = "x, gamma, beta, mean, variance"


@pytest.mark.parametrize("op", ["If", "StatelessIf"])
@pytest.mark.parametrize("true_is", ["train", "infer"])
def test_if(op: str, true_is: str) -> None:
    other = "infer" if true_is == "train" else "train"
    call = f"y = {op}(phase, {ARGUMENTS}, then_branch=@{true_is}, else_branch=@{other})\n"
    text = STORED + PHASE + call + BRANCHES
    layer = only_layer(text)
    assert said(text) == ("switched", "phase:0", true_is == "train", None)
    assert layer.training is not None
    assert layer.inference is not None
    assert (layer.training.node.label, layer.inference.node.label) == ("train/bn", "infer/bn")
    assert layer.output.name == "y:0"
    assert layer.moving_mean is not None
    assert (layer.x.name, layer.moving_mean.name) == ("x:0", "mean:0")


def test_if_on_a_negation() -> None:
    call = f"n = LogicalNot(phase)\ny = If(n, {ARGUMENTS}, then_branch=@infer, else_branch=@train)\n"
    assert said(STORED + PHASE + call + BRANCHES) == ("switched", "phase:0", True, None)


def test_if_on_a_constant() -> None:
    call = f"q = Const(false)\ny = If(q, {ARGUMENTS}, then_branch=@train, else_branch=@infer)\n"
    layer = only_layer(STORED + call + BRANCHES)
    assert layer.mode.value == "inference"
    assert layer.switch is not None
    assert layer.switch.constant is False


HANDING_BACK = """
def take_first(a, b) -> out=a
def take_second(a, b) -> out=kept:output:0
    kept = Identity(b)
chosen_mean = If(phase, batch_mean, mean, then_branch=@take_first, else_branch=@take_second)
chosen_variance = If(phase, batch_variance, variance, then_branch=@take_first, else_branch=@take_second)
shifted = AddV2(chosen_variance, epsilon)
root = Rsqrt(shifted)
inv = Mul(root, gamma)
p = Mul(x, inv)
q = Mul(chosen_mean, inv)
r = Sub(beta, q)
y = AddV2(p, r)
"""


def test_branches_that_hand_an_argument_back() -> None:
    layer = only_layer(BATCH + PHASE + HANDING_BACK)
    assert said(BATCH + PHASE + HANDING_BACK) == ("switched", "phase:0", True, None)
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


NESTED = """
y = StatefulPartitionedCall(phase, x, gamma, beta, mean, variance, f=@outer)
def outer(p, x, gamma, beta, mean, variance) -> y=inner:output:0
    inner = PartitionedCall(p, x, gamma, beta, mean, variance, f=@middle)
def middle(p, x, gamma, beta, mean, variance) -> y=out:output:0
    not = LogicalNot(p)
    choice = StatelessIf(not:y:0, x, gamma, beta, mean, variance, then_branch=@infer, else_branch=@train)
    out = Identity(choice:output:0)
"""


def test_calls_within_calls() -> None:
    """The predicate is an argument of an argument."""
    layer = only_layer(STORED + PHASE + NESTED + BRANCHES)
    assert said(STORED + PHASE + NESTED + BRANCHES) == ("switched", "phase:0", True, None)
    assert layer.functions[:2] == ("outer", "middle")
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


def test_one_function_called_twice_is_two_layers() -> None:
    text = f"""
z = PartitionedCall({ARGUMENTS}, f=@infer)
y = PartitionedCall(z, gamma, beta, mean, variance, f=@infer)
"""
    found = report(STORED + text + BRANCHES)
    assert [(layer.mode.value, layer.x.name) for layer in found.layers] == [
        ("inference", "x:0"),
        ("inference", "infer/bn:0"),
    ]
    assert len({layer.name for layer in found.layers}) == 2


def test_a_function_called_by_its_own_name() -> None:
    """Graphs of the first years: the op is the function; within another one its outputs are named."""
    text = """
y = outer(x, gamma, beta, mean, variance)
def outer(x, gamma, beta, mean, variance) -> y=call:second:0
    call = both(x, gamma, beta, mean, variance)
def both(x, gamma, beta, mean, variance) -> first=relu:activations:0, second=bn:y:0
    relu = Relu(x)
    bn = FusedBatchNorm(x, gamma, beta, mean, variance, is_training=false)
"""
    layer = only_layer(STORED + text)
    assert (layer.mode.value, layer.output.node.label) == ("inference", "both/bn")


def test_control_outputs_and_unread_functions() -> None:
    text = STORED + f"y = PartitionedCall({ARGUMENTS}, f=@infer)\n" + BRANCHES
    (skipped,) = report(text).skipped
    assert (skipped.count, skipped.what) == (1, "batch-norm node in 1 library function")


def test_of_an_uncalled_function_only_its_normalizations_are_counted() -> None:
    uncalled = "def lost(x, gamma, beta, mean, variance) -> y=c:output:0\n"
    uncalled += "    a = FusedBatchNormV3(x, gamma, beta, mean, variance)\n    r = Rsqrt(variance)\n"
    uncalled += "".join(f"    {name} = Identity({of}:0)\n" for name, of in (("b", "a:y"), ("c", "b:output")))
    (skipped,) = report(STORED + fused() + uncalled + "    d = Relu(c:output:0)\n").skipped
    assert (skipped.count, skipped.what) == (2, "batch-norm nodes in 1 library function")


def test_recursion_is_said() -> None:
    text = """
y = PartitionedCall(x, f=@again)
def again(x) -> y=call:output:0
    bn = FusedBatchNormV3(x, x, x, x, x)
    call = PartitionedCall(bn:y:0, f=@again)
"""
    (unrecognised,) = report(STORED + text).unrecognised
    assert unrecognised.reason == "PartitionedCall calls a function that calls itself"


def test_a_missing_function_is_said() -> None:
    text = f"y = If(phase, {ARGUMENTS}, then_branch=@train, else_branch=@gone)\n" + BRANCHES
    (reason,) = reasons(STORED + PHASE + text)
    assert reason == "If calls function 'gone', which is not in the file"


def test_case_is_said() -> None:
    text = (
        f"which = Placeholder(dtype=int32)\ny = Case(which, {ARGUMENTS}, branches=[@infer, @train])\n"
        + BRANCHES
    )
    found = report(STORED + text)
    (unrecognised,) = found.unrecognised
    assert unrecognised.reason == "batch norm inside a function that Case calls"
    (skipped,) = found.skipped
    assert (skipped.what, skipped.reason) == (
        "batch-norm nodes in 2 library functions",
        "only calls that could not be decided may reach them",
    )


def test_functions_without_a_candidate_are_of_no_interest() -> None:
    text = "y = Case(x, x, branches=[@plain, @plain])\ndef plain(x) -> y=x\n"
    found = report(STORED + text)
    assert (found.layers, found.unrecognised, found.skipped) == ((), (), ())


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("y = PartitionedCall(x, f=@infer)", "takes 5 inputs and is given 1"),
        (
            "y = PartitionedCall(lost, gamma, beta, mean, variance, f=@infer)",
            "no node of that name is in the file",
        ),
    ],
)
def test_damage(call: str, reason: str) -> None:
    with pytest.raises(GraphDefError, match=reason):
        report(STORED + call + BRANCHES)


def test_a_while_body() -> None:
    text = """
y = StatelessWhile(x, gamma, beta, mean, variance, cond=@go, body=@turn)
def go(x, gamma, beta, mean, variance) -> out=yes:output:0
    yes = Const(true)
def turn(x, gamma, beta, mean, variance) -> a=bn:y:0, b=gamma, c=beta, d=mean, e=variance
    bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
"""
    layer = only_layer(STORED + text)
    assert layer.mode.value == "inference"
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"
