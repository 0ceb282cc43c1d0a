"""The report for a person, at 100 and 80 columns, and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.graph import load
from bninspect.render.check.document import check_document
from bninspect.render.check.text import lines, verdict
from bninspect.render.json import dumps
from bninspect.rules import Case, Severity, judge
from tests.support.checks import AWKWARD, HOSTILE, NO_IMAGES, ORDINARY, found, not_run, warning
from tests.support.drawing import drawn
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable


def text(result: CheckResult, width: int = 100, statistics: bool = False) -> str:
    return drawn(lines(result, statistics), width)


@pytest.mark.parametrize("width", [100, 80])
def test_the_report(width: int, expected: Callable[[str, str], None]) -> None:
    expected(f"check-{width}.txt", text(ORDINARY, width, statistics=True))


@pytest.mark.parametrize("width", [100, 80, 40])
def test_no_line_is_too_long_and_no_letter_moves_the_terminal(width: int) -> None:
    shown = text(HOSTILE, width)
    assert all(letter.isprintable() for letter in shown.replace("\n", ""))
    assert "\\x1b[31m" in shown.replace("\n", "").replace(" ", "")


def test_the_verdict_shouts_where_training_is_served() -> None:
    model = ModelResult(path="m.pb", modes={"inference": 51, "training": 2}, found=(found(), warning()))
    assert verdict(model) == "53 layers: 51 inference, 2 TRAINING; 1 error, 1 warning"
    assert verdict(ModelResult(path="m.pb")) == "no batch norm; no findings"


def test_what_no_model_was_looked_at_for_is_said_once() -> None:
    shown = text(ORDINARY)
    assert shown.count(NO_IMAGES) == 1
    alone = text(CheckResult(models=(ModelResult(path="m.pb", not_run=not_run(NO_IMAGES, "BN401")),)))
    assert f"not looked at: BN401 ({NO_IMAGES})" in alone


def test_rules_for_other_kinds_of_files_are_one_short_line() -> None:
    case = Case(report=inspect(load(str(FIXTURES / "slim_resnet.pb"))))
    one = ModelResult(path="m.pb", modes={"switched": 3}, not_run=judge(case).not_run)
    line = "not for a file of this kind: BN301, BN302, BN304, BN305, BN306, BN501, BN502\n"
    assert f"\n  {line}" in text(CheckResult(models=(one,)))
    shown = text(CheckResult(models=(one, replace(one, path="n.pb"))))
    assert f"\n{line.replace('a file of this kind', 'files of these kinds')}" in shown
    assert "no train op" not in shown
    skipped = check_document(CheckResult(models=(one,)))["skipped"]
    assert [told["reason"] for told in skipped if told["code"] in ("BN301", "BN501")] == [
        "no train op in the graph",
        "needs two files: bninspect diff OLD NEW",
    ]


def test_healthy_models_take_a_line_each() -> None:
    models = tuple(ModelResult(path=f"{name}.pb", modes={"inference": 1}) for name in "abc")
    assert text(CheckResult(models=models)).splitlines() == [
        *(f"{name}.pb: 1 layer: 1 inference; no findings" for name in "abc"),
        "",
        "3 models, no findings",
    ]


def test_many_findings_of_one_rule_are_counted() -> None:
    several = tuple(found(layer=f"bn{number}") for number in range(7))
    shown = text(CheckResult(models=(ModelResult(path="m.pb", found=several),)))
    assert "    bn4: mean 0" in shown
    assert "    and 2 more\n" in shown
    assert "bn5" not in shown


def test_json_says_it_all() -> None:
    told = json.loads(dumps(check_document(ORDINARY)))
    assert told["schema_version"] == 1
    assert [model["worst"] for model in told["models"]] == ["error", None, None, None]
    assert told["models"][0]["layers"] == 53
    assert told["models"][3]["error"].startswith("models/lfs.pb: ")
    assert [finding["baseline"] for finding in told["findings"]] == [False, True, *[False] * 3]
    assert {"model": "models/healthy.pb", "code": "BN401", "reason": NO_IMAGES} in told["skipped"]
    assert told["allowed"] == [
        {"model": "models/a.pb", "code": "BN101", "layer": "gen/bn", "reason": "a generator"}
    ]
    assert told["stale_baseline"] == ["models/a.pb: BN204 at net/bn7"]
    assert set(told["findings"][0]) >= {
        "model", "code", "name", "severity", "layer", "node", "message", "fingerprint", "baseline",
    }  # fmt: skip


def test_json_keeps_every_letter() -> None:
    [finding] = json.loads(dumps(check_document(HOSTILE)))["findings"]
    assert finding["message"] == AWKWARD


def test_known_findings_are_counted_at_the_end_too() -> None:
    models = tuple(ModelResult(path=f"{name}.pb", found=(found(known=True),)) for name in "ab")
    assert text(CheckResult(models=models)).splitlines()[-1] == "2 models, 2 known from the baseline"


def test_a_reason_that_is_a_sentence_ends_once() -> None:
    model = ModelResult(path="m.pb", not_run=not_run("Inconclusive: 2 layers.", "BN403"))
    assert "  not looked at: BN403 (Inconclusive: 2 layers)\n" in text(CheckResult(models=(model,)))


def test_errors_are_listed_before_warnings_of_their_rule() -> None:
    several = [found(severity=Severity.WARNING, layer=f"bn{number}") for number in range(6)]
    shown = text(CheckResult(models=(ModelResult(path="m.pb", found=(*several, found(layer="last"))),)))
    assert "BN201 statistics-never-updated (1 error, 6 warnings)\n    last (error): mean 0" in shown
    assert "    bn0 (warning): mean 0" in shown
