"""`bninspect report` on real files: the page it writes, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run
from tests.support.page_facts import PageReader
from tests.support.places import FIXTURES, ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("classic.pb", "must be fed"),
        ("const_true.pb", "TRAINING"),
        ("cond_ema_115.pb", "moments of x"),
        ("tfkeras_if.pb", "If"),
        ("dropout_decoy_14.pb", "Select"),
        ("train.meta", "not judged"),
        ("group_norm.pb", "No batch norm"),
    ],
)
def test_a_page_without_inputs(
    model: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "page.html"
    assert run(["report", str(FIXTURES / model), "-o", str(target)]) == 0
    assert capsys.readouterr().out == f"written: {target}\n"
    assert told in PageReader(target.read_text(encoding="utf-8")).text


def test_the_same_bytes_on_two_runs(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    written = []
    for _ in range(2):
        assert run(["report", str(FIXTURES / "slim_resnet.pb"), "-o", str(target)]) == 0
        written.append(target.read_bytes())
    assert written[0] == written[1]


def test_it_needs_no_tensorflow(tmp_path: Path) -> None:
    code = "import sys; sys.modules['tensorflow'] = None; from bninspect.cli import main; main()"
    words = ["report", "fixtures/net_mixed.pb", "-o", str(tmp_path / "page.html")]
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True, capture_output=True)


def test_it_never_writes_over_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.pb"
    model.write_bytes((FIXTURES / "classic.pb").read_bytes())
    assert run(["report", str(model), "-o", str(model)]) == 2
    assert "is the model itself" in capsys.readouterr().err
    assert model.read_bytes() == (FIXTURES / "classic.pb").read_bytes()


@pytest.mark.tensorflow
def test_a_page_with_an_image(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    words = [
        "report",
        str(FIXTURES / "classic.pb"),
        "--image",
        str(FIXTURES / "image.jpg"),
        "-o",
        str(target),
    ]
    assert run(words) == 0
    read = PageReader(target.read_text(encoding="utf-8"))
    assert "probe/layers/0/own/score" in read.numbers
    assert "Run on 1 image" in read.text


@pytest.mark.tensorflow
def test_a_model_that_cannot_be_run_is_a_page_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "page.html"
    words = ["report", str(FIXTURES / "classic.pb"), "--feed", "nothing=1", "-o", str(target)]
    assert run(words) == 2
    assert capsys.readouterr().err.endswith("(the page shows what is in the file)\n")
    assert "could not be run" in PageReader(target.read_text(encoding="utf-8")).text
