"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bninspect.errors import RewriteError
from bninspect.files import refuse, refuse_read, whole, write
from bninspect.inputs.request import Request


def _write(path: Path, data: bytes) -> None:
    with whole(path) as stream:
        stream.write(data)


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    _write(tmp_path / "out", b"all")
    assert (tmp_path / "out").read_bytes() == b"all"
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "plain"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_file_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    (tmp_path / "out").chmod(0o640)
    _write(tmp_path / "out", b"new")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ValueError("ours")], ids=lambda error: type(error).__name__
)
def test_what_goes_wrong_on_the_way_leaves_all_as_it_was(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "out").write_bytes(b"old")

    def broken() -> None:
        with whole(tmp_path / "out") as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error)):
        broken()
    assert (tmp_path / "out").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_names_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        _write(tmp_path / "out", b"all")
    assert caught.value.filename == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(Path("folder") / "real")
    _write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real").read_bytes() == b"new"
    (tmp_path / "dangling").symlink_to(Path("folder") / "coming")
    _write(tmp_path / "dangling", b"new")
    assert (tmp_path / "folder" / "coming").read_bytes() == b"new"


def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    before = Path(os.devnull).stat().st_mode
    _write(Path(os.devnull), b"all")
    assert Path(os.devnull).stat().st_mode == before
    assert not stat.S_ISREG(before)


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    _write(tmp_path / ("n" * 255), b"all")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_what_cannot_be_written_is_refused_before(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="Is a directory"):
        refuse(tmp_path / "folder")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        refuse(tmp_path / "missing" / "out")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*file"):
        refuse(tmp_path / "file" / "out")
    refuse(tmp_path / "file")
    refuse(tmp_path / "new")


def test_a_dash_is_no_name_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of that name is what nobody asks for who writes `-o -`."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="name a file"):
        write("-", [b"page"])
    assert not list(tmp_path.iterdir())


def test_what_may_not_be_written_is_refused_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the system stands in for permissions, which root has all of."""
    (tmp_path / "file").write_bytes(b"")
    denied: set[Path] = set()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) not in denied)
    denied.add(Path(os.path.realpath(tmp_path / "file")))
    with pytest.raises(PermissionError, match="Permission denied"):
        refuse(tmp_path / "file")
    denied.add(Path(os.path.realpath(tmp_path)))
    with pytest.raises(PermissionError, match="no file may be made in the folder"):
        refuse(tmp_path / "new")


def test_what_a_command_reads_is_not_written_over(tmp_path: Path) -> None:
    model, image = tmp_path / "model.pb", tmp_path / "image.png"
    model.write_bytes(b"graph")
    image.write_bytes(b"pixels")
    (tmp_path / "link.pb").symlink_to(model)
    for same in (model, tmp_path / "link.pb", tmp_path / "." / "model.pb"):
        with pytest.raises(RewriteError, match=r"is the model itself; name another file"):
            refuse_read(same, str(model))
    with pytest.raises(RewriteError, match=r"image\.png: is read as an input; name another file"):
        refuse_read(image, str(model), inputs=(image,))
    refuse_read(image, str(model))
    refuse_read(tmp_path / "new.pb", str(model), inputs=(image,))
    refuse_read(model, "-")


def test_what_belongs_to_a_model_is_not_written_over(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"")
    (tmp_path / "model.ckpt-1.index").write_bytes(b"")
    (tmp_path / "model.ckpt-10.index").write_bytes(b"")
    with pytest.raises(RewriteError, match="belongs to the model"):
        refuse_read(saved / "saved_model.pb", str(saved))
    with pytest.raises(RewriteError, match="belongs to the model"):
        refuse_read(tmp_path / "model.ckpt-1.index", "graph.meta", prefix=str(tmp_path / "model.ckpt-1"))
    refuse_read(tmp_path / "model.ckpt-10.index", "graph.meta", prefix=str(tmp_path / "model.ckpt-1"))
    refuse_read(saved / "new.pb", str(saved))


@pytest.mark.parametrize("named", ["photos", "photos/*.jpg", "photos/a.jpg"])
def test_an_image_that_is_read_is_not_written_over(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it was named; what else stands in the folder is no input."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for name in ("a.jpg", "page.html"):
        Path("photos", name).write_bytes(b"one")
    for read in (Request(images=(named,)).files, Request(data=(named,)).files):
        with pytest.raises(RewriteError, match="is read as an input"):
            refuse_read(Path("photos/a.jpg"), "model.pb", inputs=read)
        refuse_read(Path("photos/page.html"), "model.pb", inputs=read)
