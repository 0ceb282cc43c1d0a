"""However many workers measure, and however often a run is ended, the written bytes are the same."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import bninspect
from bninspect.cli import run
from bninspect.commands.refresh import jobs
from bninspect.commands.refresh.jobs import Work
from bninspect.commands.refresh.plan import RefreshOptions
from bninspect.inputs.request import Request
from tests.support.data_sets import images, tfrecord
from tests.support.places import ROOT
from tests.support.refreshing import MODEL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow
pytest.importorskip("joblib")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tfrecord(tmp_path_factory.mktemp("records") / "x.tfrecord", images(38, (12, 12)))


def refreshed(target: Path, records: str, *options: str) -> bytes:
    asked = ["refresh", str(MODEL), "-o", str(target), "--data", records, "--batch-size", "2", "--no-check"]
    assert run([*asked, *options]) == 0
    return target.read_bytes()


def test_any_number_of_workers_and_any_order_give_the_same_bytes(tmp_path: Path, records: str) -> None:
    one = refreshed(tmp_path / "one.pb", records, "--jobs", "1")
    assert refreshed(tmp_path / "more.pb", records, "--jobs", "3") == one
    folder = str(tmp_path / "parts")
    assert refreshed(tmp_path / "kept.pb", records, "--jobs", "2", "--parts", folder) == one
    files = sorted((tmp_path / "parts").iterdir())
    assert len(files) == 13  # 19 batches: twice 4, and 11 by themselves
    for file in files[1::2]:
        file.unlink()  # as if the run had been ended, others had finished first
    assert refreshed(tmp_path / "again.pb", records, "--jobs", "2", "--parts", folder) == one


def test_the_process_that_asks_keeps_its_threads(tmp_path: Path, records: str) -> None:
    """If TensorFlow was loaded here before, another process measures, and the environment stays."""
    one = refreshed(tmp_path / "one.pb", records, "--jobs", "1", "--preprocess", "auto")
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ
    assert refreshed(tmp_path / "two.pb", records, "--jobs", "2", "--preprocess", "auto") == one


def test_threads_of_one_worker_take_turns(records: str) -> None:
    """As those of a worker of dask: what they read is not mixed up."""
    work = Work(
        model=str(MODEL),
        options=RefreshOptions(),
        request=Request(data=records, batch_size=2),  # type: ignore[arg-type]
        device="cpu",
    )
    packed, tasks = pickle.dumps(work), [(first, first + 1) for first in range(12)]
    with ThreadPoolExecutor(4) as threads:
        beside = list(threads.map(lambda task: jobs.measure_in_worker(packed, *task), tasks))
    alone = [jobs.measure_in_worker(packed, *task) for task in tasks]
    for one, other in zip(beside, alone, strict=True):
        (ours, _), (theirs, _) = one.batches[0], other.batches[0]
        for name, spread in ours.items():
            assert spread.powers.tobytes() == theirs[name].powers.tobytes()


def test_moments_from_python_are_measured_by_workers_too(tmp_path: Path, records: str) -> None:
    asked: dict[str, Any] = {"data": records, "batch_size": 2, "jobs": 2}
    bninspect.write_moments(str(MODEL), tmp_path / "part.npz", **asked)
    merged = bninspect.refresh(str(MODEL), tmp_path / "merged.pb", parts=[tmp_path / "part.npz"])
    whole = bninspect.refresh(str(MODEL), tmp_path / "whole.pb", checked=False, **asked)
    assert (tmp_path / "merged.pb").read_bytes() == (tmp_path / "whole.pb").read_bytes()
    assert merged.to_dict()["certainty"] == whole.to_dict()["certainty"]


def test_a_folder_of_parts_alone_gives_what_the_run_gave(tmp_path: Path, records: str) -> None:
    folder = str(tmp_path / "parts")
    first = refreshed(tmp_path / "first.pb", records, "--parts", folder)
    assert refreshed(tmp_path / "plain.pb", records) == first
    assert refreshed(tmp_path / "second.pb", records, "--parts", folder) == first


def test_parts_of_another_run_are_refused(
    tmp_path: Path, records: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "parts")
    refreshed(tmp_path / "m.pb", records, "--parts", folder)
    asked = ["refresh", str(MODEL), "-o", str(tmp_path / "o.pb"), "--data", records, "--parts", folder]
    capfd.readouterr()
    changed = tmp_path / "changed.tfrecord"
    shutil.copy(records, changed)
    asked_of_changed = [*asked[:5], str(changed), "--parts", str(tmp_path / "parts2"), "--batch-size", "2"]
    assert run(asked_of_changed) == 0
    tfrecord(changed, images(38, (12, 12), seed=1))  # the same name, other images
    (tmp_path / "o.pb").unlink()
    assert run(asked_of_changed) == 2
    assert "is of another run" in capfd.readouterr().err
    for other in (["--batch-size", "2", "--preprocess", "tf"], ["--batch-size", "2", "--shuffle"]):
        assert run([*asked, *other]) == 2
        assert "is of another run" in capfd.readouterr().err
    assert not (tmp_path / "o.pb").exists()


def test_a_killed_worker_ends_the_run_which_goes_on_with_its_parts(tmp_path: Path, records: str) -> None:
    folder, target = tmp_path / "parts", tmp_path / "killed.pb"
    asked = [
        sys.executable, "-m", "bninspect", "refresh", str(MODEL), "-o", str(target), "--data", records,
        "--batch-size", "2", "--no-check", "--jobs", "2", "--parts", str(folder),
    ]  # fmt: skip
    started = subprocess.Popen(
        asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    victim = None
    while victim is None and started.poll() is None:
        victim = next(iter(workers(started.pid)), None)
        time.sleep(0.05)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    _, told = started.communicate(timeout=120)
    assert started.returncode == 2
    assert "with --parts DIR the same command goes on where it was" in told
    assert not target.exists()
    assert subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert target.read_bytes() == refreshed(tmp_path / "whole.pb", records, "--jobs", "1")


def workers(parent: int) -> list[int]:
    """The processes of loky below this one."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,pgid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    rows = [line.split(None, 2) for line in listed]
    return [int(pid) for pid, group, words in rows if int(group) == parent and "popen_loky" in words]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--until", "0.1", "--jobs", "2"], "--jobs, --engine and --parts do not go with --until: where"),
        (["--mix", "0.5", "--prior", "8"], "--mix and --prior both say how much"),
        (["--engine", "lokki"], "no engine is called 'lokki': --engine takes one of loky, dask, ray, spark"),
        (["--engine", "spark"], "--engine spark: joblibspark is not installed"),
        (["--until", "0"], "is not in the range x>0"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, records: str, capfd: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert run(["refresh", str(MODEL), "-o", str(tmp_path / "o.pb"), "--data", records, *options]) == 2
    assert said in capfd.readouterr().err


def test_measuring_ends_when_it_is_sure_enough(tmp_path: Path, records: str) -> None:
    asked: dict[str, Any] = {"data": records, "batch_size": 2, "checked": False}
    whole = bninspect.refresh(str(MODEL), tmp_path / "whole.pb", **asked).to_dict()["certainty"]["curve"]
    wanted = whole[2]["standard_error"]  # after 4 batches, of 8 images
    done = bninspect.refresh(str(MODEL), tmp_path / "some.pb", until=wanted, **asked)
    assert done.images <= 8
    assert done.to_dict()["certainty"]["standard_error"] == done.curve[-1].error <= wanted
    fewer = [point for point in done.to_dict()["certainty"]["curve"] if point["images"] < done.images]
    assert all(point["standard_error"] > wanted for point in fewer)


def test_old_statistics_count_as_so_many_images(tmp_path: Path, records: str) -> None:
    plain: dict[str, Any] = {"data": records, "batch_size": 2, "checked": False}
    by_prior = bninspect.refresh(str(MODEL), tmp_path / "prior.pb", prior=114, **plain)  # of 38 images
    bninspect.refresh(str(MODEL), tmp_path / "mix.pb", mix=0.75, **plain)
    assert by_prior.to_dict()["mix"] == 0.75
    assert (tmp_path / "prior.pb").read_bytes() == (tmp_path / "mix.pb").read_bytes()
