"""Batch norm that is not read: what TensorFlow makes of one while it runs, 8-bit ops, compiled programs."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.verdict import verdict
from bninspect.graph.functions.library import COMPILED_OPS, FUSED_CONVOLUTIONS, IPU_OPS, REWRITTEN_OPS
from tests.support.parts import IMAGE, STORED, reasons, report

CONVOLVED = "w = Const([0.5])\ny = {op}(x, w, gamma, beta, mean, variance, fused_ops={fused})\n"
WHOLE_NUMBERS = "x, low, high, mean, low, high, variance, low, high, beta, low, high, gamma, low, high"


@pytest.mark.parametrize("op", sorted(REWRITTEN_OPS))
def test_what_is_made_for_onednn(op: str) -> None:
    (said,) = report(STORED + f"y = {op}(x, gamma, beta, mean, variance, is_training=false)\n").unrecognised
    assert said.reason == f"{op} is a batch norm as TensorFlow rewrites it for oneDNN while it runs"
    assert said.remedy == "save the graph that was loaded, and not the one that ran"


@pytest.mark.parametrize("op", sorted(FUSED_CONVOLUTIONS))
def test_a_batch_norm_that_was_fused_into_a_convolution(op: str) -> None:
    (said,) = report(STORED + CONVOLVED.format(op=op, fused='["FusedBatchNorm", "Relu"]')).unrecognised
    assert said.reason == f"{op} holds a batch norm as TensorFlow fuses it into a convolution while it runs"
    assert said.remedy == "save the graph that was loaded, and not the one that ran"


@pytest.mark.parametrize("fused", ['["BiasAdd", "Relu"]', "[]", "3", '"FusedBatchNorm"'])
def test_a_convolution_that_none_was_fused_into(fused: str) -> None:
    assert reasons(STORED + CONVOLVED.format(op="_FusedConv2D", fused=fused)) == []


def test_a_convolution_that_does_not_say_what_was_fused_into_it() -> None:
    assert reasons(STORED + "w = Const([0.5])\ny = _FusedConv2D(x, w, beta)\n") == []


def test_whole_numbers() -> None:
    text = "low = Const(0.0)\nhigh = Const(1.0)\n"
    text += f"y = QuantizedBatchNormWithGlobalNormalization({WHOLE_NUMBERS})\n"
    (said,) = report(STORED + text).unrecognised
    assert said.reason == "QuantizedBatchNormWithGlobalNormalization is a batch norm of 8-bit numbers"
    assert said.remedy == "inspect the model as it was before it was quantized"


@pytest.mark.parametrize("op", sorted(IPU_OPS))
def test_an_op_of_other_hardware(op: str) -> None:
    (said,) = report(STORED + f"y = {op}(x, gamma, beta, mean, variance)\n").unrecognised
    assert said.reason == f"{op} is a batch norm as Graphcore's TensorFlow writes it for an IPU"
    assert said.remedy == "build the graph outside of an IPU scope, and freeze it again"


@pytest.mark.parametrize("op", sorted(COMPILED_OPS))
def test_a_compiled_program(op: str) -> None:
    found = report(IMAGE + f"y = {op}(x)\n")
    (said,) = found.unrecognised
    assert said.node == "y"
    assert said.reason == f"{op} runs a compiled program, and a batch norm in it is not seen"
    assert verdict(found).text == "no batch norm for certain: 1 place could not be decided"


@pytest.mark.parametrize(
    ("op", "remedy"),
    [
        ("XlaCallModule", "use_running_average=True in Flax"),
        ("TRTEngineOp", "given to TF-TRT"),
        ("NeuronOp", "tfn.saved_model.compile"),
        ("XlaLaunch", "save the graph that was loaded"),
    ],
)
def test_what_is_to_be_inspected_instead_of_a_compiled_program(op: str, remedy: str) -> None:
    (said,) = report(IMAGE + f"y = {op}(x)\n").unrecognised
    assert remedy in str(said.remedy)


PLAIN = "def f(a) -> r=n:y:0\n    n = Relu(a)\n"


@pytest.mark.parametrize(("op", "count"), [("TRTEngineOp", 0), ("XlaLaunch", 0), ("XlaCallModule", 1)])
def test_a_program_whose_function_stands_in_the_library(op: str, count: int) -> None:
    """That tells whether a batch norm is in it; what an XlaCallModule names is only called by its program."""
    assert len(reasons(IMAGE + f"y = {op}(x, function=@f)\n" + PLAIN)) == count


def test_a_function_that_is_compiled_and_holds_one_is_said_once() -> None:
    body = "def f(a) -> r=n:y:0\n    n = FusedBatchNormV3(a, a, a, a, a, is_training=false)\n"
    assert reasons(IMAGE + "y = XlaLaunch(x, function=@f)\n" + body) == [
        "batch norm inside a function that XlaLaunch calls"
    ]


def test_a_function_that_is_compiled_has_the_remedy_of_its_compiler() -> None:
    body = "def f(a) -> r=n:y:0\n    n = FusedBatchNormV3(a, a, a, a, a, is_training=false)\n"
    (said,) = report(IMAGE + "y = TRTEngineOp(x, function=@f)\n" + body).unrecognised
    assert "given to TF-TRT" in str(said.remedy)


def test_a_program_inside_a_function_that_is_called() -> None:
    """As a SavedModel of JAX is written."""
    body = "def f(a) -> r=n:output:0\n    n = XlaCallModule(a)\n"
    (said,) = report(
        IMAGE + "call = StatefulPartitionedCall(x, f=@f)\ny = Identity(call)\n" + body
    ).unrecognised
    assert said.node == "f/n"
