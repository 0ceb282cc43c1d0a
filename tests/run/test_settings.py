"""With what settings a session runs: the device that was asked for, and one thread if that was."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.cli import run
from bninspect.errors import RunError
from bninspect.run import session, settings
from tests.support.places import ROOT
from tests.support.refreshing import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gpu() -> Iterator[None]:
    settings.use("gpu")
    yield
    settings.use("cpu")


class Seen:
    """A TensorFlow that sees these GPUs, and keeps what is said of TensorFloat-32."""

    __version__ = "2.99"

    def __init__(self, *gpus: str) -> None:
        import tensorflow

        self.compat, self.precise = tensorflow.compat, False
        self.config = SimpleNamespace(
            list_physical_devices=lambda kind: list(gpus) if kind == "GPU" else ["CPU:0"],
            experimental=SimpleNamespace(enable_tensor_float_32_execution=self._keep),
        )

    def _keep(self, enabled: bool) -> None:
        self.precise = not enabled


@pytest.mark.tensorflow
def test_a_gpu_that_nobody_sees_is_refused_in_one_line(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    with pytest.raises(RunError) as error:
        settings.configuration(Seen())
    assert str(error.value) == (
        "--device gpu: TensorFlow 2.99 sees no GPU here (CUDA_VISIBLE_DEVICES is '7')"
    )
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with pytest.raises(RunError, match=r"sees no GPU here$"):
        settings.configuration(Seen())


@pytest.mark.tensorflow
def test_a_gpu_is_shared_and_computes_with_whole_floats(gpu: None) -> None:
    """Images are prepared without it."""
    tensorflow = Seen("GPU:0")
    config = settings.configuration(tensorflow)
    assert "GPU" not in config.device_count
    assert config.gpu_options.allow_growth
    assert tensorflow.precise
    assert dict(settings.on_processor(tensorflow).device_count) == {"GPU": 0}


@pytest.mark.tensorflow
@pytest.mark.parametrize("optimized", [False, True])
def test_no_session_takes_a_gpu_unless_it_is_asked_for(optimized: bool) -> None:
    """Not even one that the environment names, or that was seen before."""
    import tensorflow

    config = settings.configuration(tensorflow, optimized=optimized)
    assert dict(config.device_count) == {"GPU": 0}
    assert dict(settings.on_processor(tensorflow).device_count) == {"GPU": 0}


@pytest.mark.tensorflow
@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_a_command_for_a_gpu_refuses_where_there_is_none(
    jobs: tuple[str, ...], tmp_path: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its workers, too, run on no other device than the one asked for."""
    if jobs:
        pytest.importorskip("joblib")
    asked = [sys.executable, "-m", "bninspect", "refresh", str(MODEL), "-o", str(tmp_path / "o.pb")]
    given = ["--random", "8", "--device", "gpu", *jobs]
    done = subprocess.run([*asked, *given], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--device gpu: TensorFlow" in done.stderr
    assert "sees no GPU here" in done.stderr


@pytest.mark.tensorflow
def test_a_worker_is_told_the_device(tmp_path: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """TensorFlow was loaded in this process for the processor."""
    pytest.importorskip("joblib")
    session.require()

    asked = ["refresh", str(MODEL), "-o", str(tmp_path / "o.pb"), "--random", "8", "--no-check"]
    try:
        assert run([*asked, "--device", "gpu", "--jobs", "2"]) == 2
    finally:
        settings.use("cpu")
    assert "sees no GPU here" in capfd.readouterr().err


_SUMS = """
import hashlib
import numpy
from bninspect.run import session, settings
from bninspect.run.session import Session
from tests.support.pictures import graph_bytes

def graph(tf):
    x = tf.compat.v1.placeholder(tf.float32, [8, 64, 64, 16], name="x")
    kernel = numpy.random.default_rng(0).normal(size=(3, 3, 16, 32)).astype("f")
    tf.reduce_sum(tf.nn.conv2d(x, kernel, 1, "SAME"), [0, 1, 2], name="y")

def sums(one_thread):
    x = numpy.random.default_rng(1).normal(size=(8, 64, 64, 16)).astype("f")
    with Session(data, one_thread=one_thread) as session:
        return hashlib.sha256(session.run(["y:0"], {"x:0": x})[0].tobytes()).hexdigest()

own = settings.has_own_pools()
data = graph_bytes(graph)
if own:
    sums(False)
print(own, sums(own))
"""


@pytest.mark.tensorflow
def test_one_thread_sums_the_same_beside_sessions_of_many() -> None:
    def told(**environment: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _SUMS], cwd=ROOT, env={**os.environ, **environment},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()

    threads = {f"TF_NUM_{name}_THREADS": "1" for name in ("INTRAOP", "INTEROP")}
    own, alone = told(), told(**threads)
    assert own == ["True", alone[1]]
