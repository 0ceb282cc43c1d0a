"""`bninspect refresh`: what does not go together, parts of a set, and what an interrupt leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.pooling import ImageMoments
from bninspect.batchnorm.spread import Spread
from bninspect.check.plan import plan
from bninspect.cli import run
from bninspect.graphdef import load, read
from bninspect.graphdef.writer import new_node, serialized
from bninspect.probe.parts import digest, write_part
from bninspect.probe.reestimate import Estimate, Estimates

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "fixtures" / "net_mixed.pb"
BIG = 24 << 20
"""Bytes of a model that takes a while to write."""


def part(path: Path, model: Path = MODEL, seed: int = 0, **changes: Any) -> str:
    """A part of 64 images, its moments drawn by a seed; as if measured, and without TensorFlow."""
    made = plan(inspect(load(str(model))))
    draw = np.random.default_rng(seed)
    layers = {}
    for layer in made.layers:
        shape = (64, layer.channels or 1)
        moments = ImageMoments.of(draw.normal(size=shape), draw.uniform(0.5, 2, shape), 64)
        layers[layer.name] = Estimate(spread=Spread.of(moments), fewest=2048)
    facts: dict[str, Any] = {
        "layers": layers, "left": {}, "images": 64, "batch_size": 32, "last": 32, "how": {"preset": "tf"},
    }  # fmt: skip
    write_part(
        str(path), Estimates(**{**facts, **changes}), digest(made.report.graph.graphdef), made.training
    )
    return str(path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that such a command ends with."""
    assert run(["refresh", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bninspect: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the model to write with -o OUT"),
        (["-o", "a.pb", "--moments", "a.npz"], "not both"),
        (["-o", "a.pb", "b.npz"], "what is b.npz? Images come by --image"),
        (["-o", "-", "--random", "4"], "name a file"),
        (["--moments", "a.npz", "--merge", "b.npz"], "parts are made of images"),
        (["-o", "a.pb", "--merge", "b.npz", "--image", "photos"], "--merge and --image"),
        (["-o", "a.pb", "--merge", "b.npz", "--random", "4"], "--merge and --random"),
        (["-o", "a.pb", "--mix", "1", "--random", "4"], "0<=x<1"),
        (["-o", "a.pb", "--layer", "nobody", "--random", "4"], "--layer nobody matches none of the 4 layers"),
        (["-o", "nowhere/a.pb", "--random", "4"], "there is no folder"),
        (["-o", "a.pb", "--merge", "nowhere.npz"], "nowhere.npz: No such file or directory"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in refused(capsys, str(MODEL), *arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_model_itself_is_no_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.pb"
    model.write_bytes(MODEL.read_bytes())
    one = part(tmp_path / "one.npz", model)
    assert "is the model itself; name another file" in refused(
        capsys, str(model), "-o", str(model), "--merge", one
    )
    assert "is the model itself" in refused(capsys, str(model), "--moments", str(model), "--random", "4")
    assert model.read_bytes() == MODEL.read_bytes()


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
    assert "4 layers refreshed, over 192 images of 3 parts, in batches of 32, preprocess tf" in ended.stdout
    whole = np.concatenate([np.load(path)["bn2/mean"][None] for path in parts]).mean(axis=0)
    found = {layer.name: layer for layer in inspect(load(str(tmp_path / "new.pb"))).layers}
    mean = found["bn2"].statistics.mean
    assert mean is not None
    np.testing.assert_allclose(mean.numbers(), whole, rtol=1e-6)


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
    assert "bad.npz is no file that bninspect refresh --moments wrote, or it is damaged" in told


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
    assert "over 64 images of 1 part" in capsys.readouterr().out


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A model of many megabytes that take part in nothing."""
    graphdef = read(str(MODEL))
    ballast = np.random.default_rng(0).integers(0, 1 << 30, BIG // 4, dtype=np.int32)
    node = new_node("ballast", "Const", (), {"dtype": "int32", "value": ballast})
    path = tmp_path / "big.pb"
    field = b"\x0a" + _varint(node.span.end) + node.span.bytes()
    path.write_bytes(serialized(graphdef) + field)
    return path


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def test_a_killed_refresh_leaves_the_target_or_a_whole_one(big: Path, tmp_path: Path) -> None:
    """Killed at points all over its run: the target is what it was, or what a whole run writes."""
    one, target = part(tmp_path / "one.npz", big), tmp_path / "new.pb"
    arguments = ["refresh", str(big), "-o", str(target), "--merge", one, "--no-check"]
    command = [sys.executable, "-m", "bninspect", *arguments]
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    took = time.monotonic() - started
    whole = target.read_bytes()
    assert len(whole) > BIG
    ends = set()
    for attempt in range(8):
        target.write_bytes(b"mine")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * 0.14 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        held = target.read_bytes()
        assert held in (b"mine", whole)
        ends.add(held == whole)
    assert False in ends
    assert big.stat().st_size > BIG


LIMITED = """
import resource, sys
from bninspect.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits are set as on Unix")
def test_a_full_disk_leaves_the_target_alone(big: Path, tmp_path: Path) -> None:
    one, target = part(tmp_path / "one.npz", big), tmp_path / "out" / "new.pb"
    target.parent.mkdir()
    target.write_bytes(b"mine")
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, "refresh", str(big), "-o", str(target), "--merge", one],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"{target}: File too large" in ended.stderr
    assert target.read_bytes() == b"mine"
    assert [path.name for path in target.parent.iterdir()] == ["new.pb"]


@pytest.mark.parametrize("width", [100, 80])
def test_the_report_fits(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    one = part(tmp_path / "one.npz", images=20)
    monkeypatch.chdir(tmp_path)
    assert run(["refresh", str(MODEL), "-o", "new.pb", "--merge", Path(one).name, "--mix", "0.25"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    words = " ".join(out.split())
    assert "mixed: 0.25 of the old statistics, 0.75 of the new ones" in words
    assert "only 20 images: from 32 on" in words
    assert "It does not prove good accuracy" in words
    assert "BN403" in words


@pytest.mark.tensorflow
@pytest.mark.parametrize("width", [100, 80])
def test_what_is_worth_knowing_is_said(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A layer for inference, one baked in training without statistics, and another for inference."""
    pytest.importorskip("tensorflow", reason="runs the model")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(tmp_path)
    source = str(ROOT / "fixtures" / "mixed_modes.pb")
    assert (
        run(["refresh", source, "-o", "new.pb", "--random", "70", "--seed", "1", "--batch-size", "32"]) == 0
    )
    captured = capsys.readouterr()
    assert captured.err == ""
    assert max(map(len, captured.out.splitlines())) <= width
    words = " ".join(captured.out.split())
    for said in (
        "written: new.pb (",
        "3 layers refreshed, over 70 images, in batches of 32, preprocess raw",
        "running the result on 64 images, with all layers in training and in inference mode",
        "bn2 still runs in training mode, which the file fixes, and there it uses none of the new "
        "statistics: --strip makes it serve inference.",
        "Constants were made for the statistics of bn2.",
        "the last batch had 6 images of 32",
        "It does not prove good accuracy",
        "new.pb: 3 layers: 2 inference, 1 TRAINING",
        "BN101",
    ):
        assert said in words
    assert "bn2 3 4,480 absent" in words
    assert run(["refresh", source, "-o", "served.pb", "--random", "64", "--strip", "--no-check"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "stripped: every layer serves inference; verified" in words
    assert "still runs in training mode" not in words
    assert {layer.mode.value for layer in inspect(load("served.pb")).layers} == {"inference"}


@pytest.mark.tensorflow
def test_a_part_and_what_cannot_be_refreshed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    monkeypatch.chdir(tmp_path)
    assert run(["refresh", str(MODEL), "--moments", "one.npz", "--random", "40", "--seed", "2"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("written: one.npz: the moments of 4 layers over 40 images, in batches of 32\n")
    assert "the last batch had 8 images" in told
    source = str(ROOT / "fixtures" / "while_inside.pb")
    assert "no layer can be refreshed: while: it stands in a loop" in refused(
        capsys, source, "-o", "new.pb", "--random", "4"
    )
    assert "no batch norm to refresh" in refused(
        capsys, str(ROOT / "fixtures" / "folded.pb"), "-o", "new.pb", "--random", "4"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]
