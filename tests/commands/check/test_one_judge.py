"""`probe` and `check` ask one judge: of every model, the codes of the values and of the probe are the same.

Of the trained networks with every injected fault, `test_injection` says so; here are the fixtures, and the
commands as a person runs them. One fixture of twelve is tried in every run, all of them where
BNINSPECT_NIGHTLY is set.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.cli import run
from bninspect.commands.check.one_model import Settings
from bninspect.commands.probe.diagnosis import GROUPS, diagnose
from bninspect.inputs.request import Request
from bninspect.rules import Case
from bninspect.rules.explain import EXPLAINS, ORDER, causes_first, causes_of
from tests.networks import Trained, faults
from tests.rules.test_fixtures import TABLE
from tests.support.places import FIXTURES
from tests.support.probed_networks import checked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVERY = 1 if os.environ.get("BNINSPECT_NIGHTLY") else 12


@pytest.mark.tensorflow
@pytest.mark.parametrize("file", sorted(TABLE)[::EVERY])
def test_every_fixture_has_the_same_codes(file: str) -> None:
    path = str(FIXTURES / file)
    model, probe = checked(Settings(path=path, request=Request(random=2)))
    if "--size" in (model.error or ""):
        model, probe = checked(Settings(path=path, request=Request(random=2, size=(16, 16))))
    if probe is None:
        assert model.error is not None
        pytest.skip(f"not run: {model.error}")
    of_check = [one.finding.code for one in model.found if one.finding.code.startswith(GROUPS)]
    diagnosis = diagnose(Case(report=probe.report, probe=probe))
    if probe.ran:
        assert sorted(set(of_check)) == sorted(one.code for one in diagnosis.findings)
        assert all(one.title and one.evidence and one.message for one in diagnosis.findings)


@pytest.mark.tensorflow
@pytest.mark.parametrize("fault", ["never updated", "widened", "shifted"])
def test_the_commands_have_the_same_codes(
    fault: str,
    network: Callable[[str], Trained],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained = network("fused")
    path = faults.inject(trained.path, tmp_path / "m.pb", faults.STALE[fault], trained.layers[1])
    images = [part for file in sorted(trained.test_pngs.iterdir())[:64] for part in ("--image", str(file))]
    arguments = [str(path), *images, "--preprocess", "unit", "--format", "json"]
    documents: list[dict[str, Any]] = []
    for name in ("probe", "check"):
        assert run([name, *arguments]) in (0, 1)
        documents.append(json.loads(capsys.readouterr().out))
    told = {one["code"]: one for one in documents[0]["diagnosis"]}
    found = {one["code"]: one for one in documents[1]["findings"] if one["code"].startswith(GROUPS)}
    assert told.keys() == found.keys() == {"BN201" if fault == "never updated" else "BN403"}
    for code, one in told.items():
        assert one["layer"] == found[code]["layer"] == trained.layers[1]
        assert one["fix"] == one["command"] == found[code]["fix"] == found[code]["remedy"]
        assert one["title"]
        assert one["evidence"]
        assert found[code]["title"]
        assert found[code]["evidence"]


def test_causes_come_before_what_they_explain() -> None:
    codes = causes_first(causes_of({"BN406"}))
    assert codes == [*EXPLAINS, "BN406"]
    for place, code in enumerate(codes):
        assert not set(EXPLAINS.get(code, ())) & set(codes[:place])
    assert causes_of({"BN404"}) == {"BN201", "BN203", "BN404", "BN405"}
    assert causes_of({"BN101"}) == {"BN101"}
    assert len(ORDER) == len(set(ORDER))
