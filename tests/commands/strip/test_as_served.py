"""A new model is run as its users will run it, with a limit of time."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bninspect
from bninspect.commands.strip import pair
from bninspect.commands.strip.as_served import run_as_served
from bninspect.errors import RunError
from bninspect.inputs.request import Request
from bninspect.run.running import within
from bninspect.run.session import Session
from tests.rewrite.conditionals import layer, write
from tests.support.places import FIXTURES, ROOT
from tests.support.stripping import strip

if TYPE_CHECKING:
    from pathlib import Path

CASES = FIXTURES / "cases"
HANGS = """
import sys
import numpy as np
from bninspect import load
from bninspect.errors import RunError
from bninspect.commands.strip import as_served
as_served.LEAST_SECONDS = 3.0
image = np.ones((2, 12, 12, 3), np.float32)
try:
    as_served.run_as_served(
        load(sys.argv[1]).graphdef, {"logits:0": np.ones(1)}, {"image:0": image}, 0.0
    )
except RunError as error:
    print(error)
"""


def test_what_does_not_return_is_an_error() -> None:
    with pytest.raises(RunError, match="did not return within 0 s, with its graph optimizer on"):
        within(0.05, threading.Event().wait)


def test_what_returns_or_fails_is_handed_on() -> None:
    assert within(5.0, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)


@pytest.mark.tensorflow
def test_a_graph_on_which_the_optimizer_does_not_return_is_said() -> None:
    """In a process of its own, for what hangs cannot be stopped."""
    ended = subprocess.run(
        [sys.executable, "-c", HANGS, str(CASES / "dead_switch_hangs.pb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stdout == "TensorFlow did not return within 3 s, with its graph optimizer on\n"


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["constant_waits_on_switch.pb", "dead_switch_hangs.pb"])
def test_nothing_of_a_dead_predicate_is_left_and_the_file_runs(name: str, tmp_path: Path) -> None:
    """Its users need feed nothing but the image, with settings that nobody chose."""
    target = tmp_path / "out.pb"
    result = bninspect.strip(CASES / name, target)
    assert result.verification is not None
    assert result.verification.state == "verified"
    stripped = bninspect.load(str(target))
    assert {node.op for node in stripped}.isdisjoint({"Less", "Switch", "Merge"})
    assert [node.name for node in stripped if node.op == "Placeholder"] == ["image"]
    image = np.random.default_rng(3).uniform(0, 255, (2, 12, 12, 3)).astype(np.float32)
    with Session((CASES / "constant_waits_on_switch.pb").read_bytes()) as session:
        right = session.run(["logits:0"], {"image:0": image, "step:0": np.array(5000, np.int32)})[0]
    run_as_served(stripped.graphdef, {"logits:0": right}, {"image:0": image}, 0.0)


@pytest.mark.tensorflow
def test_another_value_under_the_optimizer_is_an_error(tmp_path: Path) -> None:
    model = write(tmp_path / "model.pb", lambda tf, x: tf.add(x, x))
    graph = bninspect.load(str(model)).graphdef
    x = np.ones((1, 4, 4, 3), np.float32)
    run_as_served(graph, {"y:0": 2 * x}, {"x:0": x}, 0.0)
    with pytest.raises(RunError, match="makes y:0 another value"):
        run_as_served(graph, {"y:0": 3 * x}, {"x:0": x}, 0.0)


@pytest.mark.tensorflow
def test_a_model_that_does_not_return_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object) -> None:
        raise RunError("TensorFlow did not return within 60 s, with its graph optimizer on")

    monkeypatch.setattr(pair, "run_as_served", hang)
    with pytest.raises(bninspect.BninspectError, match=r"did not return within 60 s.*; nothing was written"):
        bninspect.strip(FIXTURES / "classic.pb", tmp_path / "out.pb")
    assert not (tmp_path / "out.pb").exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", ["uniform", "shuffle"])
def test_a_model_that_draws_numbers_gives_them_as_it_is_served(tmp_path: Path, op: str) -> None:
    """Of several batches, too: each draws what the first run draws."""

    def build(tf: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder(tf.bool, [], name="training")
        y = layer(x, training, "bn", trains_when=True)
        return y * tf.random.uniform(tf.shape(y)) if op == "uniform" else tf.random.shuffle(y)

    model, target = write(tmp_path / "drawing.pb", build), tmp_path / "out.pb"
    result = strip(model, target, request=Request(random=6, batch_size=2))
    assert result.verification is not None
    assert (result.verification.state, result.verification.max_abs) == ("verified", 0.0)
    drawn = {node.op for node in bninspect.load(target)} & {"RandomUniform", "RandomShuffle"}
    assert len(drawn) == 1
