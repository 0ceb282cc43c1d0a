"""What is fed to a refresh serves all its steps: the moments, the comparison, the look at the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.errors import InputError
from bninspect.inputs.request import Request
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh
from tests.support.stripping import strip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

_MODEL = FIXTURES / "cases" / "label_after_the_layer.pb"
"""Its output is conditioned on `label`, behind the one layer: the moments do not depend on it."""
_IMAGES = 8


@pytest.fixture
def label(tmp_path: Path) -> str:
    """A label for each image, as it is fed."""
    path = tmp_path / "label.npy"
    np.save(path, np.arange(_IMAGES, dtype=np.int32) % 2)
    return f"label=@{path}"


@pytest.mark.parametrize("stripped", [False, True])
def test_what_only_a_later_step_needs_is_taken(tmp_path: Path, label: str, stripped: bool) -> None:
    request = Request(random=_IMAGES, feeds=(label,))
    done = refresh(_MODEL, tmp_path / "out.pb", request, stripped=stripped)
    assert len(done.rows) == 1
    assert done.looked_at == _IMAGES
    assert done.rows[0].after is not None
    assert done.result is not None
    assert done.result.error is None
    if stripped:
        assert done.verification is not None
        assert done.verification.state == "verified", done.verification.reason


def test_what_no_step_needs_is_refused(tmp_path: Path, label: str) -> None:
    request = Request(random=_IMAGES, feeds=(label, "bn2/cond/pred_id=true"))
    with pytest.raises(InputError, match="pred_id:0: nothing that is compared depends on it"):
        refresh(_MODEL, tmp_path / "out.pb", request)
    with pytest.raises(InputError, match="training:0: it decides the mode"):
        refresh(_MODEL, tmp_path / "out.pb", Request(random=_IMAGES, feeds=("training=true",)))
    assert not (tmp_path / "out.pb").exists()


def test_images_are_made_up_for_as_many_rows_as_are_fed(tmp_path: Path, label: str) -> None:
    verification = strip(_MODEL, tmp_path / "out.pb", request=Request(feeds=(label,))).verification
    assert verification is not None
    assert verification.state == "verified", verification.reason
