"""`bninspect refresh`: what does not go together, and what is said of what was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.batchnorm import inspect
from bninspect.cli import run
from bninspect.graph import load
from tests.support.catching import fused, replaced
from tests.support.places import ROOT
from tests.support.refreshing import MODEL, part, refused
from tests.support.text import graphdef


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the model to write with -o OUT"),
        (["-o", "a.pb", "--moments", "a.npz"], "not both"),
        (["-o", "a.pb", "b.npz"], "pass parts as --merge b.npz"),
        (["-o", "-", "--random", "4"], "name a file"),
        (["--moments", "a.npz", "--merge", "b.npz"], "parts are made of images"),
        (["--moments", "a.npz", "--format", "json"], "--moments and --format: a part has no document"),
        (["--moments", "a.npz", "--html", "a.html"], "--moments and --html: a part has no page"),
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
    assert words.startswith("new.pb: written: the statistics of all 4 layers, from 20 images in 1 part ")
    assert "run in one batch, --preprocess tf, 0.25 of the old statistics and 0.75 of the new ones" in words
    assert "20 images are too few for statistics; give 32 or more" in words
    assert "parts have no images, so the new model was not run" in words
    assert "not that the model is accurate" in words
    assert "BN403" in words


def test_a_mixture_with_good_statistics_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Parts of one draw: the statistics of the new model are those of the images, of the old one others."""
    monkeypatch.chdir(tmp_path)
    part(tmp_path / "old.npz")

    def said(model: str, moments: str, *mix: str) -> bool:
        assert run(["refresh", model, "-o", f"of-{moments}.pb", "--merge", moments, *mix]) == 0
        warning = "no layer's old statistics are 0.3 standard deviations off: the mixture wins little"
        return warning in capsys.readouterr().out

    assert not said(str(MODEL), "old.npz")
    part(tmp_path / "new.npz", Path("of-old.npz.pb"))
    assert not said("of-old.npz.pb", "new.npz")
    assert said("of-old.npz.pb", "new.npz", "--mix", "0.5")
    assert not said(str(MODEL), "old.npz", "--prior", "32")


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
        "new.pb: written with statistics of random numbers, which serve no model",
        "run in batches of 32, --preprocess raw",
        "running the new model on 64 images, all layers in training mode; deployed: in inference mode",
        "bn2 still runs in training mode, fixed in the file, which uses no stored statistics: --strip makes "
        "it serve inference",
        "bn2 got constants for statistics",
        "the last batch had 6 images of 32",
        "not that the model is accurate",
        "BN101",
    ):
        assert said in words
    assert "bn2 3 4,480 absent" in words
    assert run(["refresh", source, "-o", "served.pb", "--random", "64", "--strip", "--no-check"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert (
        "verified: the layers that changed their mode are as their formula, all else as the model with"
        in words
    )
    assert "still runs in training mode" not in words
    assert {layer.mode.value for layer in inspect(load("served.pb")).layers} == {"inference"}


@pytest.mark.tensorflow
def test_variables_that_were_frozen_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    source = str(ROOT / "fixtures" / "training" / "unwired_115" / "model.ckpt-20")
    target = str(tmp_path / "new.pb")
    assert run(["refresh", source, "-o", target, "--random", "32", "--no-check"]) == 0
    told = f"the variables of {source} are constants now\n"
    assert "".join(told.split()) in "".join(capsys.readouterr().out.split())


@pytest.mark.tensorflow
@pytest.mark.parametrize(("case", "warned"), [("inference_115", True), ("unwired_115", False)])
def test_a_layer_that_trained_on_stored_statistics(
    case: str, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the images are new to its weights."""
    pytest.importorskip("tensorflow", reason="runs the model")
    source = str(ROOT / "fixtures" / "training" / case / "model.ckpt-20")
    assert run(["refresh", source, "-o", str(tmp_path / "new.pb"), "--random", "32", "--no-check"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert ("bn trained on stored statistics (training=False in the training graph)" in words) == warned


@pytest.mark.tensorflow
def test_a_part_and_what_cannot_be_refreshed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    monkeypatch.chdir(tmp_path)
    assert run(["refresh", str(MODEL), "--moments", "one.npz", "--random", "40", "--seed", "2"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("one.npz: written: the moments of 4 layers over 40 images, in batches of 32\n")
    assert "the last batch had 8 images" in told
    source = str(ROOT / "fixtures" / "while_inside.pb")
    assert "no layer can be refreshed: while: it stands in a loop" in refused(
        capsys, source, "-o", "new.pb", "--random", "4"
    )
    assert "no batch norm to refresh" in refused(
        capsys, str(ROOT / "fixtures" / "folded.pb"), "-o", "new.pb", "--random", "4"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


@pytest.mark.tensorflow
def test_a_damaged_image_among_many_ends_it_and_leaves_the_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    photo = (ROOT / "fixtures" / "image.jpg").read_bytes()
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(photo if number != 4 else photo[:2000])
    target = tmp_path / "new.pb"
    target.write_bytes(b"mine")
    told = refused(
        capsys, str(MODEL.with_name("classic.pb")), "-o", str(target), "--image", str(tmp_path),
        "--batch-size", "2",
    )  # fmt: skip
    assert "4.jpg is damaged" in told
    assert target.read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 7


@pytest.mark.tensorflow
def test_a_model_without_inputs_was_fed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    monkeypatch.chdir(tmp_path)
    text = (
        replaced()
        + "rows = Const([1.0, 2.0, 3.0, 4.0, 6.0, 8.0])\nshape = Const([1, 1, 2, 3])\n"
        + "x = Reshape(rows, shape, T=float, Tshape=int32)\n"
        + fused()
    )
    Path("model.pb").write_bytes(graphdef(text).SerializeToString())
    assert run(["refresh", "model.pb", "-o", "new.pb"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "new.pb: written: the statistics of y, from the values in the file, which takes no inputs\n"
    )
    assert "what was fed" not in said
    assert "(2)\n" in said
