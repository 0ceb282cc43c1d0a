"""The door to TensorFlow: it runs what it is given, and says in one line why it cannot."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bninspect.errors import RunError
from bninspect.run.messages import first_line
from bninspect.run.session import NoValueError, Session
from tests.support.pictures import graph_bytes
from tests.support.places import FIXTURES

X = np.arange(8, dtype=np.float32).reshape(2, 4)


def _graph(tf: Any) -> None:
    x = tf.compat.v1.placeholder(tf.float32, [None, 4], name="x")
    with tf.device("/job:worker/task:7/device:GPU:3"):
        tf.square(x, name="y")
    tf.reshape(x, [-1, 3], name="rows")


def _refusal(fetches: list[str], feeds: dict[str, Any]) -> str:
    with Session(graph_bytes(_graph)) as session, pytest.raises(RunError) as error:
        session.run(fetches, feeds)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.tensorflow
def test_it_runs_wherever_the_file_says_it_should() -> None:
    with Session(graph_bytes(_graph)) as session:
        values = session.run(["y:0", "x:0", "y:0"], {"x:0": X})
    assert [value.tolist() for value in values] == [(X**2).tolist(), X.tolist(), (X**2).tolist()]


@pytest.mark.tensorflow
def test_what_cannot_run_is_told_in_one_line() -> None:
    assert "multiple of 3" in _refusal(["rows:0"], {"x:0": X})
    assert "must feed a value for placeholder tensor 'x'" in _refusal(["y:0"], {})
    assert "does not exist" in _refusal(["none:0"], {"x:0": X})
    assert "Cannot feed value of shape (2, 5)" in _refusal(["y:0"], {"x:0": np.zeros((2, 5))})


@pytest.mark.tensorflow
def test_what_cannot_be_imported_is_told_in_one_line() -> None:
    for data, told in (
        (
            (FIXTURES / "cond_ema_115.pb").read_bytes(),
            "takes a variable, and freezing made a constant of it",
        ),
        (graph_bytes(_graph).replace(b"Square", b"Squara"), "TensorFlow has no op Squara"),
        (b"\x0a\xff", "refuses this graph"),
    ):
        with pytest.raises(RunError, match=told) as error:
            Session(data)
        assert "\n" not in str(error.value)


@pytest.mark.tensorflow
def test_a_branch_not_taken_has_no_value() -> None:
    def build(tf: Any) -> None:
        take = tf.compat.v1.placeholder(tf.bool, [], name="take")
        tf.raw_ops.Switch(data=tf.constant(1.0), pred=take, name="switch")

    with Session(graph_bytes(build)) as session:
        assert session.run(["switch:1"], {"take:0": np.array(True)}) == [1.0]
        with pytest.raises(NoValueError) as error:
            session.run(["take:0", "switch:0"], {"take:0": np.array(True)})
    assert error.value.index == 1


def test_without_tensorflow_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from bninspect.cli import run\n"
        f"sys.exit(run(['probe', {str(FIXTURES / 'classic.pb')!r}, '--random', '1']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'pip install "tensorflow>=2.16"' in done.stderr


@pytest.mark.tensorflow
def test_nothing_of_tensorflows_log_is_seen() -> None:
    arguments = [sys.executable, "-m", "bninspect", "probe", str(FIXTURES / "classic.pb"), "--random", "1"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.tensorflow
def test_keras_is_loaded_where_it_is_used_and_not_before() -> None:
    code = (
        "import sys\n"
        "from bninspect.run.session import tensorflow\n"
        "tf = tensorflow()\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'keras'])\n"
        "print(tf.keras.layers.Dense(3)(tf.zeros((2, 2))).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["[]", "(2, 3)"], done.stderr


def test_a_message_that_quotes_bytes_is_read_all_the_same() -> None:
    """TensorFlow's Python side fails on its own message where that quotes what was fed."""
    quoted = b"Header mismatch: Expected RIFF but found \xff\xd8"
    error = UnicodeDecodeError("utf-8", quoted, 41, 42, "invalid start byte")
    assert first_line(error) == "Header mismatch: Expected RIFF but found \ufffd\ufffd"
