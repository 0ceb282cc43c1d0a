"""`bninspect strip`: where it writes; the file is whole or it is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.places import FIXTURES, ROOT
from tests.support.stripping import CLASSIC, Run, refused

if TYPE_CHECKING:
    from collections.abc import Callable

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
    refused(run(CLASSIC, "-o", "/dev/full", "--no-verify"), "/dev/full: No space left on device")


def test_targets_that_cannot_be_written(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(run(CLASSIC, "-o", str(tmp_path / "no" / "out.pb")), "there is no folder")
    refused(run(CLASSIC, "-o", str(tmp_path)), "Is a directory")
    refused(run(CLASSIC, "-o", ""), "Is a directory")
    (tmp_path / "out.pb").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "out.pb")
    refused(run(CLASSIC, "-o", str(tmp_path / "out.pb")), "Permission denied")
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
    refused(run(str(asked), "-o", str(target), "--no-verify"), "is the model itself; name another file")
    assert model.read_bytes() == Path(CLASSIC).read_bytes()


def test_no_file_of_a_folder_of_a_model_is_a_target(run: Callable[..., Run]) -> None:
    folder = FIXTURES / "saved_model_115"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    target = folder / "saved_model.pb"
    refused(run(str(folder), "-o", str(target), "--no-verify"), "belongs to the model; name another file")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_symbolic_link_is_written_through(run: Callable[..., Run], tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "link.pb").symlink_to("real.pb")
    code, _, err = run(CLASSIC, "-o", str(tmp_path / "link.pb"), "--no-verify")
    assert (code, err) == (0, "")
    assert (tmp_path / "link.pb").is_symlink()
    assert (tmp_path / "real.pb").read_bytes() == whole
