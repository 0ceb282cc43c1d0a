"""`bninspect strip`: where it writes, what it refuses, what it says; the file is whole or it is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import bninspect
from bninspect import cli
from bninspect.errors import InputError, RewriteError, SelectionError
from bninspect.report.check_terminal import print_lines
from bninspect.report.strip_text import summary
from tests.batchnorm.text import graphdef
from tests.graphdef.making import written
from tests.test_architecture import ROOT, WITHOUT_TENSORFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = ROOT / "fixtures"
CLASSIC = str(FIXTURES / "classic.pb")
Run = tuple[int, str, str]
SCOPE = "a_scope_of_which_the_name_is_long/and_a_second_one_in_it"

KILLED = """
import os, signal, sys
from pathlib import Path
from bninspect import cli
from bninspect.graphdef import writer

def dies(*arguments, **others):
    os.kill(os.getpid(), signal.SIGKILL)

point, *arguments = sys.argv[1:]
if point.isdecimal():
    honest = writer.pieces
    def pieces(graphdef):
        for number, piece in enumerate(honest(graphdef)):
            if number == int(point):
                dies()
            yield piece
    writer.pieces = pieces
elif point == "fsync":
    os.fsync = dies
elif point == "replace":
    Path.replace = dies
else:
    cli.click.echo = dies
    sys.stdout.write = dies
sys.exit(cli.run(arguments))
"""
"""Ends the process at a piece of the graph, before it is on the disk, before it is in place, or after it."""


LIMITED = """
import resource, sys
from bninspect.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
sys.exit(run(sys.argv[1:]))
"""
"""No file of this process grows beyond 400 bytes."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs strip in this process: (exit code, standard output, standard error)."""

    def call(*arguments: str) -> Run:
        code = cli.run(["strip", *arguments])
        return code, *capsys.readouterr()

    return call


def _refused(ended: Run, words: str) -> None:
    """Exit code 2, one line, these words in it."""
    code, out, err = ended
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """What strip makes of classic.pb."""
    bninspect.strip(CLASSIC, tmp_path / "whole.pb", verify=False)
    data = (tmp_path / "whole.pb").read_bytes()
    (tmp_path / "whole.pb").unlink()
    return data


@pytest.mark.skipif(not hasattr(os, "kill") or os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("old", [b"old", None], ids=["replaces", "new"])
@pytest.mark.parametrize("point", ["0", "7", "13", "fsync", "replace", "told"])
def test_killed_it_leaves_no_target_or_a_whole_one(
    point: str, old: bytes | None, whole: bytes, tmp_path: Path
) -> None:
    target = tmp_path / "out.pb"
    if old is not None:
        target.write_bytes(old)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, point, "strip", CLASSIC, "-o", str(target), "--no-verify"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -9
    found = target.read_bytes() if target.exists() else None
    assert found == (whole if point == "told" else old)
    beside = [path.name for path in tmp_path.iterdir() if path != target]
    assert all(name.startswith(".bninspect-") for name in beside)


def test_a_file_that_may_not_grow_leaves_the_target(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the write fails halfway."""
    pytest.importorskip("resource", reason="there is no such limit")
    target = tmp_path / "out.pb"
    target.write_bytes(b"old")
    ended = subprocess.run(
        [sys.executable, "-B", "-c", LIMITED, "strip", CLASSIC, "-o", str(target), "--no-verify"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"bninspect: {target}: File too large\n"
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.pb"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line(run: Callable[..., Run]) -> None:
    _refused(run(CLASSIC, "-o", "/dev/full", "--no-verify"), "/dev/full: No space left on device")


def test_targets_that_cannot_be_written(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refused(run(CLASSIC, "-o", str(tmp_path / "no" / "out.pb")), "there is no folder")
    _refused(run(CLASSIC, "-o", str(tmp_path)), "Is a directory")
    _refused(run(CLASSIC, "-o", ""), "Is a directory")
    (tmp_path / "out.pb").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "out.pb")
    _refused(run(CLASSIC, "-o", str(tmp_path / "out.pb")), "Permission denied")
    assert (tmp_path / "out.pb").read_bytes() == b"old"


@pytest.mark.parametrize("kind", ["itself", "symlink", "hardlink", "through_a_link"])
def test_the_model_is_no_target(kind: str, run: Callable[..., Run], tmp_path: Path) -> None:
    model, target = tmp_path / "model.pb", tmp_path / "model.pb"
    model.write_bytes(Path(CLASSIC).read_bytes())
    asked = model
    if kind == "symlink":
        target = tmp_path / "link.pb"
        target.symlink_to(model)
    elif kind == "hardlink":
        target = tmp_path / "link.pb"
        target.hardlink_to(model)
    elif kind == "through_a_link":
        asked = tmp_path / "link.pb"
        asked.symlink_to(model)
    _refused(run(str(asked), "-o", str(target), "--no-verify"), "is the model itself; name another file")
    assert model.read_bytes() == Path(CLASSIC).read_bytes()


def test_no_file_of_a_folder_of_a_model_is_a_target(run: Callable[..., Run]) -> None:
    folder = FIXTURES / "saved_model_115"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    target = folder / "saved_model.pb"
    _refused(run(str(folder), "-o", str(target), "--no-verify"), "belongs to the model; name another file")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_symbolic_link_is_written_through(run: Callable[..., Run], tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "link.pb").symlink_to("real.pb")
    code, _, err = run(CLASSIC, "-o", str(tmp_path / "link.pb"), "--no-verify")
    assert (code, err) == (0, "")
    assert (tmp_path / "link.pb").is_symlink()
    assert (tmp_path / "real.pb").read_bytes() == whole


def test_as_a_filter(whole: bytes) -> None:
    """The model on standard output alone; what there is to say on standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect", "strip", "-", "-o", "-", "--no-verify"],
        cwd=ROOT,
        input=Path(CLASSIC).read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, whole)
    assert ended.stderr.startswith(b"written: standard output\n")


def test_no_model_on_a_screen(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _refused(run(CLASSIC, "-o", "-"), "which is a terminal: name a file")


def test_ambiguous_outputs_are_listed(run: Callable[..., Run], tmp_path: Path) -> None:
    model, target = str(FIXTURES / "lookalikes.pb"), str(tmp_path / "out.pb")
    listed = "--output gn/strided_slice_3 --output gn/strided_slice_8 --output Identity"
    words = f"3 tensors may be its outputs; name those to keep, out of {listed}"
    _refused(run(model, "-o", target, "--no-verify"), words)
    code, out, _ = run(model, "-o", target, "--no-verify", "--output", "Identity")
    assert code == 0
    assert "\noutput: Identity:0\n" in out
    code, out, _ = run(
        model, "-o", target, "--no-verify", "--output", "Identity", "--output", "gn/strided_slice_3"
    )
    assert "\noutputs: Identity:0, gn/strided_slice_3:0\n" in out


def test_refusals_name_the_layers(run: Callable[..., Run], tmp_path: Path) -> None:
    target = str(tmp_path / "out.pb")
    _refused(
        run(str(FIXTURES / "mixed_modes.pb"), "-o", target, "--no-verify"),
        "1 of 3 layers cannot run in inference mode: bn2: its stored statistics are not in the file",
    )
    _refused(run(str(FIXTURES / "folded.pb"), "-o", target, "--no-verify"), "no batch norm to strip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--no-verify", "--random", "2"], "--no-verify runs nothing"),
        (["--feed", "training=true"], "--feed training:0: it decides the mode"),
        (["--feed", "nope=1"], "no node is named 'nope'"),
        (["--image", "none.jpg"], "image none.jpg does not exist"),
        (["--input", "image"], "no image for it"),
    ],
)
@pytest.mark.tensorflow
def test_what_does_not_fit_is_said_and_nothing_written(
    asked: list[str], words: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    _refused(run(CLASSIC, "-o", str(tmp_path / "out.pb"), *asked), words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_compared_on_what_the_user_gives(run: Callable[..., Run], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    for asked in (["--image", str(FIXTURES / "image.jpg")], ["--random", "3", "--batch-size", "2"]):
        code, out, _ = run(CLASSIC, "-o", str(tmp_path / "out.pb"), *asked)
        assert code == 0
        assert "\nverified: the outputs are those of the original in inference mode, bit for bit\n" in out


@pytest.mark.tensorflow
def test_what_cannot_be_compared_is_written_and_said(run: Callable[..., Run], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    code, out, err = run(str(FIXTURES / "cond_ema_115.pb"), "-o", str(tmp_path / "out.pb"))
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    assert "not compared with the original, which was not possible: refused to run op AssignSub" in told
    assert "it updates a variable; the new model runs" in told


def test_without_tensorflow_it_is_written_and_said(tmp_path: Path) -> None:
    for more, words in ([], "running a model needs TensorFlow"), (["--no-verify"], "not compared"):
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT_TENSORFLOW, "strip", CLASSIC, "-o", str(tmp_path / "o.pb"), *more],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert words in " ".join(ended.stdout.split())
        assert (tmp_path / "o.pb").stat().st_size > 0


def test_from_python_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And the checks are those of the command."""
    result = bninspect.strip(FIXTURES / "tfkeras_training.pb", tmp_path / "out.pb", verify=False)
    assert [change.what for change in result.stripped.changes] == ["flipped", "flipped"]
    assert (result.size, result.verification) == ((tmp_path / "out.pb").stat().st_size, None)
    trained = bninspect.strip(CLASSIC, tmp_path / "out.pb", mode="training", verify=False)
    assert trained.stripped.mode.value == "training"
    for error, options in (
        (RewriteError, {"model": FIXTURES / "mixed_modes.pb"}),
        (SelectionError, {"model": FIXTURES / "lookalikes.pb"}),
        (SelectionError, {"outputs": ("nope",)}),
        (RewriteError, {"target": CLASSIC}),
        (ValueError, {"mode": "both"}),
        (OSError, {"target": tmp_path / "no" / "out.pb"}),
    ):
        asked: dict[str, Any] = {"model": CLASSIC, "target": tmp_path / "o.pb", "verify": False, **options}
        with pytest.raises(error):
            bninspect.strip(**asked)
    assert not (tmp_path / "o.pb").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.tensorflow
def test_a_request_from_python(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    request = bninspect.Request(random=3, seed=4)
    found = bninspect.strip(CLASSIC, tmp_path / "out.pb", request=request).verification
    assert found is not None
    assert (found.state, found.max_abs) == ("verified", 0.0)
    with pytest.raises(InputError, match="it decides the mode"):
        bninspect.strip(CLASSIC, tmp_path / "out.pb", request=bninspect.Request(feeds=("training=true",)))


@pytest.mark.parametrize("width", [80, 100])
def test_many_layers_with_long_names_are_all_told(width: int, tmp_path: Path) -> None:
    names = [
        f"{SCOPE}/another_one/block_{number}/unit_{number}/bottleneck/batch_norm" for number in range(40)
    ]
    lines, x = ["image = Placeholder(dtype=float, shape=[-1, 4, 4, 2])", "g = Const([1.5, 2.0])"], "image"
    for name in names:
        lines.append(f"{name} = FusedBatchNormV3({x}, g, g, g, g, T=float, U=float, is_training=true)")
        x = name
    model = written(tmp_path, graphdef("\n".join(lines)))
    result = bninspect.strip(model, tmp_path / "out.pb", verify=False)
    stream = StringIO()
    print_lines(Console(file=stream, width=width), summary(result))
    told = stream.getvalue()
    assert max(map(len, told.splitlines())) <= width
    assert "40 layers fixed to training mode before, now in inference mode:\n" in told
    named = [change.layer.name for change in result.stripped.changes]
    assert len(set(named)) == 40
    assert len(named[0]) > 80
    unfolded = "".join(line.strip() for line in told.splitlines())
    assert all(name in unfolded for name in named)
