"""What TensorFlow says of inputs and graphs that do not fit, in words that say what to do."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.cli import run
from bninspect.errors import RunError
from bninspect.graphdef.reader import records
from bninspect.run.messages import quiet, run_failure
from bninspect.run.program import Program
from bninspect.run.running import Running
from bninspect.run.session import Session
from tests.support.places import FIXTURES
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE = "x = Placeholder(dtype=float)\n"
RESHAPED = IMAGE + "to = Const([-1, 48])\ny = Reshape(x, to, T=float, Tshape=int32)\n"
SUMMED = IMAGE + "four = Const([1.0, 2.0, 3.0, 4.0])\ny = AddV2(x, four, T=float)\n"
WEIGHED = IMAGE + "w = Placeholder(dtype=float)\ny = MatMul(x, w, T=float)\n"
AVERAGED = IMAGE + "axes = Const([1, 2])\ny = Mean(x, axes, T=float, Tidx=int32)\n"


def failure(text: str, shapes: dict[str, Sequence[int]], originals: dict[str, str] | None = None) -> str:
    """Why the graph of these lines does not run with inputs of these shapes."""
    given = records(graphdef(text).SerializeToString(), "text")
    feeds: dict[str, Any] = {f"{name}:0": np.ones(shape, np.float32) for name, shape in shapes.items()}
    program = Program.of(given, ["y:0"], feeds, originals=originals)
    with Running(program) as running, pytest.raises(RunError) as error:
        running.run(["y:0"], feeds)
    return str(error.value)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("text", "shapes", "fact"),
    [
        (RESHAPED, {"x": (2, 5, 5, 3)}, "Input to reshape is a tensor with 150 values, but the requested"),
        (SUMMED, {"x": (2, 3)}, "Incompatible shapes: [2,3] vs. [4]"),
        (WEIGHED, {"x": (2, 75), "w": (48, 2)}, "Matrix size-incompatible: In[0]: [2,75], In[1]: [48,2]"),
        (AVERAGED, {"x": (2, 3)}, "Invalid reduction dimension (2 for input with 2 dimension(s)"),
    ],
)
def test_inputs_of_the_wrong_size(text: str, shapes: dict[str, Sequence[int]], fact: str) -> None:
    said = failure(text, shapes)
    assert said.startswith(f"the inputs do not fit the model at y: {fact}")
    assert said.endswith("; give another number or size (--batch-size, --size)")


@pytest.mark.tensorflow
def test_a_node_is_called_what_it_is_called_in_the_model() -> None:
    assert " at conv/y: " in failure(SUMMED, {"x": (2, 3)}, {"y": "conv/y"})


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            "assertion failed: [x must be positive] [Condition x > 0 did not hold:] [[-1 -2]...]\n"
            "\t [[{{node inference/check}}]]",
            "the model checks what it is fed, and its check fails at check: [x must be positive] [Condition "
            "x > 0 did not hold:] [[-1 -2]...]",
        ),
        (
            "OOM when allocating tensor with shape[9,8] and type float on /job:localhost by allocator cpu\n"
            "\t [[{{node inference/conv}}]]",
            "memory does not suffice at inference/conv for a tensor of shape [9,8]: give fewer or smaller "
            "inputs at once (--batch-size, --size)",
        ),
        ("Something else.", "TensorFlow could not run this model: Something else"),
    ],
)
def test_checks_and_memory(raised: str, said: str) -> None:
    assert str(run_failure(ValueError(raised), {"inference/check": "check"})) == said


@pytest.mark.tensorflow
def test_an_op_that_tensorflow_does_not_have() -> None:
    data = graphdef(IMAGE + "y = TheirOwnOp(x)\n").SerializeToString()
    with pytest.raises(RunError, match="TensorFlow has no op TheirOwnOp: it comes with a library"):
        Session(data)


@pytest.mark.tensorflow
def test_two_types(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(FIXTURES / "cases" / "half_parameters.pb")
    assert run(["probe", path, "--random", "2"]) == 2
    assert capsys.readouterr().err == (
        "bninspect: TensorFlow refuses this graph: c1/BatchNorm/FusedBatchNormV3 takes float32 at input 1, "
        "and c1/BatchNorm/gamma/read:0 is float16: build the graph in one of the two\n"
    )


def test_threads_that_are_quiet_at_once_leave_standard_error_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The first to begin ends first: the other must not turn it back to what the first turned it to."""
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(quiet())
        second.enter_context(quiet())
        os.write(2, b"of both")
        first.close()
        os.write(2, b"of the second")
        second.close()
        os.write(2, b"a line for a person")
    assert capfd.readouterr().err == "a line for a person"
