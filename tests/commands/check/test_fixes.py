"""Every fix that `check` prints is executed where it is a command of ours, and the finding is gone then.

One model of several is tried in every run, all of them where BNINSPECT_NIGHTLY is set. Data that we do not
have is replaced by random numbers.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bninspect.commands.check.one_model import Settings
from bninspect.commands.paths import models
from bninspect.inputs.request import Request
from tests.networks import faults
from tests.support.fixes import NOT_RUN, OURS, beside, execute, fixes
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.networks import Trained

NIGHTLY = bool(os.environ.get("BNINSPECT_NIGHTLY"))
EVERY = 1 if NIGHTLY else 9
PLACES = [os.environ.get(f"BNINSPECT_{name}") for name in ("CORPUS", "MODELS")]
FOLDERS = [FIXTURES, *(Path(place) for place in PLACES if place)]
MODELS = [Path(path) for folder in FOLDERS for path in models([str(folder)])]


@pytest.mark.tensorflow
@pytest.mark.parametrize("model", MODELS[::EVERY], ids=lambda path: path.name)
def test_every_fix_works(model: Path, tmp_path: Path) -> None:
    with beside(model, tmp_path) as name:
        printed: dict[str, tuple[Settings, tuple[str, ...]]] = {}
        for deploy in (False, True):
            settings = Settings(path=name, deploy=deploy)
            printed |= {fix: (settings, codes) for fix, codes in fixes(settings).items()}
        assert "" not in printed  # whatever is wrong, something is said to do
        for fix, (settings, codes) in printed.items():
            assert "\n" not in fix
            assert not re.search(r"\b(pip|conda) install\b|\bMODEL\b|\bOUT\b", fix), fix
            if not fix.startswith(OURS) or (name in NOT_RUN and (NIGHTLY or "refresh" in fix)):
                continue
            done = execute(fix, codes, settings, verify=NIGHTLY)
            assert done.works, (done.code, done.left, done.said, fix)


@pytest.mark.tensorflow
@pytest.mark.parametrize("fault", ["never updated", "widened", "shifted"])
def test_the_fix_of_a_stale_layer_is_run_on_the_images_it_was_found_with(
    fault: str, network: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = network("fused")
    faults.inject(trained.path, tmp_path / "m.pb", faults.STALE[fault], trained.layers[1])
    monkeypatch.chdir(tmp_path)
    request = Request(images=(str(trained.test_pngs),), preprocess="unit")
    settings = Settings(path="m.pb", select=("BN2", "BN4"), request=request)
    ((fix, codes),) = fixes(settings).items()
    assert f"--layer {trained.layers[1]} --image {trained.test_pngs} --preprocess unit" in fix
    done = execute(fix, codes, settings)
    assert done.works, (done.code, done.left, done.said)
    assert not done.needs_data
