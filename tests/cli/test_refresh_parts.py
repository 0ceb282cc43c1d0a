"""Parts of a large set: merged, refused where they do not belong together, and damaged ones told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.cli import run
from bninspect.graph import load
from tests.support.places import ROOT
from tests.support.refreshing import MODEL, part, refused

if TYPE_CHECKING:
    from collections.abc import Callable


def test_parts_are_merged_without_tensorflow(tmp_path: Path) -> None:
    parts = [part(tmp_path / f"{seed}.npz", seed=seed) for seed in range(3)]
    script = "import sys; sys.modules['tensorflow'] = None; from bninspect.cli import run; sys.exit(run({}))"
    arguments = ["refresh", str(MODEL), "-o", str(tmp_path / "new.pb"), "--merge", *parts]
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script.format(arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "all 4 layers, from 192 images in 3 parts\n" in ended.stdout
    assert "  run in batches of 32, --preprocess tf\n" in ended.stdout
    whole = np.concatenate([np.load(path)["bn2/mean"] for path in parts]).mean(axis=0)
    found = {layer.name: layer for layer in inspect(load(str(tmp_path / "new.pb"))).layers}
    values = found["bn2"].statistics.values
    assert values is not None
    np.testing.assert_allclose(values.numbers()[0], whole, rtol=1e-6)


def test_parts_that_do_not_belong_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = part(tmp_path / "one.npz")
    copy = tmp_path / "copy.npz"
    copy.write_bytes(Path(one).read_bytes())
    out = ("-o", str(tmp_path / "new.pb"), "--merge", one)
    other = part(tmp_path / "other.npz", ROOT / "fixtures" / "net_mixed_14.pb")
    for wrong, told in (
        (str(copy), f"{copy} holds what {one} holds: give every part once"),
        (other, "was taken of another model"),
        (
            part(tmp_path / "b.npz", seed=1, batch_size=16),
            f"with batch size 16, and {one} with 32: take all parts in one way",
        ),
        (part(tmp_path / "p.npz", seed=2, how={"preset": "caffe"}), "with preset caffe, and"),
    ):
        assert told in refused(capsys, str(MODEL), *out, wrong)
    assert "was taken with other layers in training mode" in refused(
        capsys, str(MODEL), *out, "--layer", "bn2"
    )
    assert not (tmp_path / "new.pb").exists()


def damaged(source: Path, target: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """The part with its arrays changed."""
    with np.load(source) as held:
        arrays = dict(held)
    edit(arrays)
    np.savez(target, **arrays)


def other_format(arrays: dict[str, Any]) -> None:
    told = json.loads(str(arrays["bninspect"]))
    arrays["bninspect"] = np.array(json.dumps({**told, "format": "bninspect moments 99"}))


DAMAGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "no header": lambda arrays: arrays.pop("bninspect"),
    "header is no JSON": lambda arrays: arrays.update(bninspect=np.array("{")),
    "a later format": other_format,
    "a layer is missing": lambda arrays: arrays.pop("bn2/variance"),
    "another shape": lambda arrays: arrays.update({"bn2/mean": np.zeros((2, 2))}),
    "another type": lambda arrays: arrays.update({"bn2/mean": np.zeros(4, np.float32)}),
    "no values": lambda arrays: arrays.update({"bn2/values": np.array(0.0)}),
    "not a number of values": lambda arrays: arrays.update({"bn2/values": np.array(np.nan)}),
    "endless values": lambda arrays: arrays.update({"bn2/values": np.array(np.inf)}),
    "a pickle": lambda arrays: arrays.update({"bn2/mean": np.array([None, {}], object)}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_one_line(damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = part(tmp_path / "one.npz")
    damaged(Path(one), tmp_path / "bad.npz", DAMAGES[damage])
    told = refused(capsys, str(MODEL), "-o", str(tmp_path / "new.pb"), "--merge", str(tmp_path / "bad.npz"))
    assert "bad.npz was not written by bninspect refresh --moments, or it is damaged" in told


def test_any_bytes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = Path(part(tmp_path / "one.npz")).read_bytes()
    draw = np.random.default_rng(0)
    wrong = tmp_path / "bad.npz"
    arguments = (str(MODEL), "-o", str(tmp_path / "new.pb"), "--merge", str(wrong))
    cut = [whole[:size] for size in (0, 1, 4, 100, len(whole) // 2, len(whole) - 1)]
    noise = [bytes(draw.integers(0, 256, 500, dtype=np.uint8)), b"\x93NUMPY", MODEL.read_bytes()]
    for data in (*cut, *noise):
        wrong.write_bytes(data)
        assert "bad.npz" in refused(capsys, *arguments)
    for _ in range(60):  # one byte changed: a line, or the same numbers all the same
        flipped = bytearray(whole)
        flipped[draw.integers(len(whole))] ^= 1 << draw.integers(8)
        wrong.write_bytes(flipped)
        code = run(["refresh", *arguments, "--no-check"])
        captured = capsys.readouterr()
        assert code in (0, 2), captured.err
        assert captured.err.count("\n") == (code == 2)


def test_a_configuration_with_images_does_not_disturb_a_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bninspect.toml").write_text('image = "photos"\nbatches = 3\nshuffle = true\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    part(tmp_path / "one.npz")
    assert run(["refresh", str(MODEL), "-o", "new.pb", "--merge", "one.npz"]) == 0
    assert "from 64 images in 1 part" in capsys.readouterr().out


@pytest.mark.parametrize(
    "option",
    [
        ["--image", "photos"],
        ["--random", "4"],
        ["--seed", "1"],
        ["--feed", "a=1"],
        ["--input", "x"],
        ["--batch-size", "4"],
        ["--preprocess", "tf"],
        ["--channels", "bgr"],
        ["--size", "8x8"],
        ["--resize", "pad"],
        ["--batches", "2"],
        ["--shuffle"],
    ],
)
def test_what_is_said_of_images_does_not_go_with_parts(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parts were made as they were made: nothing of it would have an effect."""
    one = part(tmp_path / "one.npz")
    told = refused(capsys, str(MODEL), "-o", str(tmp_path / "new.pb"), "--merge", one, *option)
    assert f"--merge and {option[0]}: parts take the place of images" in told
    assert not (tmp_path / "new.pb").exists()


def test_a_part_is_not_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would have no effect there."""
    target = tmp_path / "part.npz"
    told = refused(capsys, str(MODEL), "--moments", str(target), "--random", "4", "--mix", "0.5")
    assert "--moments and --mix: a part has no old statistics; give --mix with --merge" in told
    assert not target.exists()
