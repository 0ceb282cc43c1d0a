"""`--html` of probe, check, refresh and diff: a page as a second output, and what they print as it was."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run
from tests.support.page_facts import PageReader
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = ("--image", str(FIXTURES / "image.jpg"))
OLD, NEW = (str(FIXTURES / "training" / "wired_14" / f"model.ckpt-{step}") for step in (0, 20))


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    run(words)
    return capsys.readouterr().out


def test_diff_writes_what_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    words = ("diff", OLD, NEW)
    assert printed(capsys, *words, "--html", str(page)) == printed(capsys, *words)
    read = PageReader(page.read_text(encoding="utf-8"))
    assert "diff/layers/0/statistics/w" in read.numbers
    assert "both moved" in read.text


def test_check_of_one_model_is_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    words = ("check", str(FIXTURES / "const_true.pb"))
    assert run([*words, "--html", str(page)]) == 1
    shown = capsys.readouterr().out
    assert shown == printed(capsys, *words)
    text = page.read_text(encoding="utf-8")
    assert text.count("<h1") == 1
    assert "training mode whatever is fed" in PageReader(text).text


def test_check_of_many_models_is_an_index_and_a_section_each(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for name in ("classic.pb", "const_true.pb", "cond_ema_115.pb"):
        shutil.copy(FIXTURES / name, models)
    (models / "bad.pb").write_bytes(b"x")
    page = tmp_path / "page.html"
    assert run(["check", str(models), "--html", str(page)]) == 2
    text = page.read_text(encoding="utf-8")
    read = PageReader(text)
    assert "<h1>4 models: 3 fail, 1 not judged.</h1>" in text
    assert text.count("<section") == 3
    inner = {link.removeprefix("#") for link in read.links if link.startswith("#")}
    assert inner <= set(read.anchors)
    assert len(read.anchors) == len(set(read.anchors))
    assert "not a TensorFlow graph" in read.text


def test_what_the_baseline_knows_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, baseline = tmp_path / "page.html", tmp_path / "baseline.json"
    words = ["check", str(FIXTURES / "const_true.pb"), "--baseline", str(baseline)]
    assert run([*words, "--update-baseline"]) == 0
    assert run([*words, "--html", str(page)]) == 0
    text = PageReader(page.read_text(encoding="utf-8")).text
    assert "1 finding : known from the baseline" in text
    assert "BN101" not in text


@pytest.mark.parametrize("words", [("check",), ("report", "-o")], ids=["check", "report"])
def test_a_page_never_takes_the_place_of_the_model(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.pb"
    shutil.copy(FIXTURES / "classic.pb", model)
    name, *option = words
    assert run([name, str(model), *(option or ["--html"]), str(model)]) == 2
    assert "is the model itself" in capsys.readouterr().err
    assert model.read_bytes() == (FIXTURES / "classic.pb").read_bytes()


def test_a_part_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["refresh", str(FIXTURES / "classic.pb"), "--moments", str(tmp_path / "part.npz"), *IMAGE]
    assert run([*words, "--html", str(tmp_path / "page.html")]) == 2
    assert "a part has no page" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_probe_writes_page_overlay_and_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, overlay, folder = tmp_path / "page.html", tmp_path / "overlay.json", tmp_path / "events"
    words = ("probe", str(FIXTURES / "classic.pb"), *IMAGE)
    asked = ("--html", str(page), "--overlay", str(overlay), "--tensorboard", str(folder))
    assert printed(capsys, *words, *asked) == printed(capsys, *words)
    assert "probe/layers/0/own/score" in PageReader(page.read_text(encoding="utf-8")).numbers
    assert '"own score' in overlay.read_text(encoding="utf-8").replace("batch norm: ", "")
    assert len(list(folder.iterdir())) == 1


@pytest.mark.tensorflow
def test_refresh_writes_before_and_after(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    model = str(FIXTURES / "classic_net.pb")
    assert run(["refresh", model, "-o", str(tmp_path / "new.pb"), *IMAGE, "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert f"Before and after: {model} and this model" in PageReader(text).text
    assert "Own score of each layer before and now" in text


@pytest.mark.tensorflow
def test_refresh_shows_how_sure_it_is(tmp_path: Path) -> None:
    page, model = tmp_path / "page.html", str(FIXTURES / "classic_net.pb")
    inputs = ["--random", "32", "--batch-size", "8", "--no-check"]
    assert run(["refresh", model, "-o", str(tmp_path / "new.pb"), *inputs, "--html", str(page)]) == 0
    text = PageReader(page.read_text(encoding="utf-8")).text
    assert "Standard error of the new statistics" in text
    cells = re.findall(r"<td>(8|16|32)</td><td>0\.\d+</td>", page.read_text(encoding="utf-8"))
    assert cells == ["8", "16", "32"]
