"""The same images in every format give the same model, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run
from tests.support.data_sets import all_formats, images
from tests.support.refreshing import MODEL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow


def test_every_format_gives_the_same_bytes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = images(7, (12, 12))
    written = {}
    for name, options in all_formats(tmp_path, pixels, "image").items():
        target = tmp_path / f"{name}.pb"
        asked = [
            "refresh",
            str(MODEL),
            "-o",
            str(target),
            *options,
            "--batch-size",
            "3",
            "--preprocess",
            "tf",
        ]
        assert run(asked) == 0, (name, capfd.readouterr().err)
        written[name] = target.read_bytes()
    assert all(data == written["png"] for data in written.values())
