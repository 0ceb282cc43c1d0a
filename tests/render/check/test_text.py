"""The report for a person, at 100 and 80 columns, and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.verdict import verdict
from bninspect.commands.check.one_model import Settings, check
from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.graph import load
from bninspect.render.check.document import check_document
from bninspect.render.check.text import lines
from bninspect.render.check.words import headline
from bninspect.render.json import dumps
from bninspect.rules import Case, Severity, judge, rules
from tests.support.checks import AWKWARD, HOSTILE, NO_IMAGES, ORDINARY, found, not_run, warning
from tests.support.drawing import drawn
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable


def text(
    result: CheckResult,
    width: int | None = 100,
    *,
    fail_on: Severity = Severity.ERROR,
    statistics: bool = False,
    verbose: bool = False,
) -> str:
    return drawn(lines(replace(result, fail_on=fail_on), statistics=statistics, verbose=verbose), width)


def last(*models: ModelResult, fail_on: Severity = Severity.ERROR) -> str:
    return text(CheckResult(models=models), 200, fail_on=fail_on).splitlines()[-1]


@pytest.mark.parametrize("width", [100, 80])
def test_the_report(width: int, expected: Callable[[str, str], None]) -> None:
    expected(f"check-{width}.txt", text(ORDINARY, width, statistics=True))


@pytest.mark.parametrize("width", [100, 80, 40])
def test_no_line_is_too_long_and_no_letter_moves_the_terminal(width: int) -> None:
    shown = text(HOSTILE, width)
    assert all(letter.isprintable() for letter in shown.replace("\n", ""))
    assert "\\x1b[31m" in shown.replace("\n", "").replace(" ", "")


def test_the_headline_is_the_verdict_of_every_command() -> None:
    result = check(Settings(path=str(FIXTURES / "mixed_modes.pb")))
    said = verdict(inspect(load(result.path))).text
    assert said == "3 batch norms: 1 in TRAINING mode, 2 in inference mode"
    assert headline(result) == f"{result.path}: {said}"
    assert headline(replace(result, found=())) == f"{result.path}: {said}; no findings"


def test_what_was_not_judged_is_never_green() -> None:
    gone = found("BN113", layer=None, node=None, message="no variables folder", name="weights-missing")
    weightless = ModelResult(
        path="w",
        sentence="2 batch norms; weights missing",
        modes={"switched": 2},
        found=(gone,),
        weightless=True,
    )
    unreadable = ModelResult(path="u.pb", error="u.pb: empty")
    clean = ModelResult(path="c.pb", modes={"inference": 1}, measured=True)
    shown = text(CheckResult(models=(weightless, unreadable, clean)), 200)
    assert "w: 2 batch norms; weights missing, so not judged\n  error    BN113 weights-missing\n" in shown
    assert "u.pb: not judged: empty\n" in shown
    assert "c.pb" not in shown
    assert shown.endswith(
        "\n3 models: 2 not judged, 1 clean; staleness not measured in 1 of 2 models: weights missing\n"
    )
    both = replace(weightless, found=(gone, found()))
    assert last(both, clean).startswith("2 models: 1 fails, 1 clean")
    note = replace(weightless, found=(replace(gone, finding=replace(gone.finding, severity=Severity.NOTE)),))
    assert last(note, clean).startswith("2 models: 1 not judged, 1 clean;")


def test_the_last_line_counts() -> None:
    clean = ModelResult(path="c.pb", modes={"inference": 1}, measured=True)
    warned = replace(clean, found=(warning(), warning()))
    failed = replace(clean, found=(found(), warning()))
    assert last(clean) == "1 model: clean"
    assert last(warned) == "1 model: clean (2 warnings)"
    assert last(failed) == "1 model: fails"
    assert last(clean, warned, failed, failed) == (
        "4 models: 2 fail, 2 clean (2 warnings: --fail-on warning shows them)"
    )
    assert last(clean, warned, fail_on=Severity.WARNING) == "2 models: 1 fails, 1 clean"
    assert last(clean, ModelResult(path="none.pb")) == "2 models: 1 clean, 1 without batch norm"
    unmeasured = replace(clean, measured=False, wanted="--image DIR")
    assert last(unmeasured) == "1 model: clean; staleness not measured: give --image DIR"


def test_a_required_probe_is_asked_for_by_name() -> None:
    result = CheckResult(
        models=(ModelResult(path="m.pb", modes={"inference": 1}, wanted="--image DIR"),), probe_required=True
    )
    assert text(result, 200).splitlines()[-1] == (
        '1 model: clean; staleness not measured, which require = ["probe"] asks for: give --image DIR'
    )
    assert result.exit_code(exit_zero=True) == 2
    assert replace(result, models=(replace(result.models[0], measured=True),)).exit_code() == 0


def test_what_did_not_run_is_said_where_something_can_be_done() -> None:
    several = not_run("the images are too few", "BN403", "BN406")
    model = ModelResult(path="m.pb", modes={"inference": 1}, not_run=several)
    assert "  not judged: BN403, BN406 (the images are too few)\n" in text(CheckResult(models=(model,)))
    two = CheckResult(models=(model, replace(model, path="n.pb")))
    assert text(two).count("not judged in any model: BN403, BN406 (the images are too few)\n") == 1
    unasked = replace(model, not_run=tuple(replace(skip, unasked=True) for skip in several))
    assert "not judged" not in text(CheckResult(models=(unasked,)))
    assert "not judged: BN403, BN406" in text(CheckResult(models=(unasked,)), verbose=True)


def test_rules_for_other_kinds_of_files_are_told_to_the_curious() -> None:
    case = Case(report=inspect(load(str(FIXTURES / "slim_resnet.pb"))))
    one = ModelResult(path="m.pb", modes={"switched": 3}, not_run=judge(case).not_run)
    line = "  not for a file of this kind: BN301, BN302, BN304, BN305, BN306, BN501, BN502\n"
    result = CheckResult(models=(one,))
    assert line in text(result, verbose=True)
    assert "BN301" not in text(result)
    skipped = check_document(result)["skipped"]
    assert [told["reason"] for told in skipped if told["code"] in ("BN301", "BN501")] == [
        "no train op in the graph",
        "needs two files: bninspect diff OLD NEW",
    ]


def test_healthy_models_are_counted() -> None:
    models = tuple(
        ModelResult(path=f"{name}.pb", sentence="1 batch norm", modes={"inference": 1}, measured=True)
        for name in "abc"
    )
    assert text(CheckResult(models=models)) == "3 models: 3 clean\n"
    assert text(CheckResult(models=models), verbose=True).splitlines()[0] == (
        "a.pb: 1 batch norm; no findings"
    )
    assert text(CheckResult(models=models[:1])).startswith("a.pb: 1 batch norm; no findings\n")


def test_the_findings_of_one_rule_are_one_entry_with_one_fix() -> None:
    several = tuple(
        found(layer=f"net/bn{number}", remedy="bninspect strip m.pb -o n.pb") for number in range(7)
    )
    model = ModelResult(path="m.pb", modes={"switched": 9}, found=(*several, warning()))
    shown = text(CheckResult(models=(model,)), 40)
    assert text(CheckResult(models=(model,))).count("mean 0") == 1
    assert "net/bn* 7x" in shown
    assert shown.count("           fix: bninspect strip m.pb -o n.pb\n") == 1
    assert text(CheckResult(models=(model,)), verbose=True).count("mean 0") == 7


def test_a_fix_that_serves_several_rules_is_printed_once() -> None:
    fix = "bninspect strip m.pb -o n.pb"
    model = ModelResult(
        path="m.pb", modes={"switched": 1}, found=(found(remedy=fix), found("BN107", remedy=fix))
    )
    shown = text(CheckResult(models=(model,)))
    assert shown.count(fix) == 1
    assert "fix: the one of BN201\n" in shown


def test_no_model_fills_more_than_forty_lines() -> None:
    every = tuple(found(rule.code, layer=f"bn{number}") for number, rule in enumerate(rules()))
    model = ModelResult(path="m.pb", modes={"switched": 99}, found=every)
    shown = text(CheckResult(models=(model,))).splitlines()
    assert len(shown) <= 40
    assert any("more: --verbose shows them" in line for line in shown)
    assert all(rule.code in text(CheckResult(models=(model,)), verbose=True) for rule in rules())


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


def test_known_findings_are_a_count() -> None:
    known = replace(found(known=True), known=True)
    models = tuple(ModelResult(path=f"{name}.pb", found=(known,)) for name in "ab")
    assert last(*models).endswith("2 without batch norm, 2 findings known from the baseline")
    shown = text(CheckResult(models=models[:1]))
    assert "  baseline: 1 known error (BN201 1)\n" in shown
    assert "mean 0" not in shown
    assert "mean 0" in text(CheckResult(models=models[:1]), verbose=True)


def test_a_reason_that_is_a_sentence_ends_once() -> None:
    model = ModelResult(path="m.pb", not_run=not_run("Inconclusive: 2 layers.", "BN403"))
    assert "  not judged: BN403 (Inconclusive: 2 layers)\n" in text(CheckResult(models=(model,)))


def test_errors_come_before_warnings_of_their_rule() -> None:
    several = [found(severity=Severity.WARNING, layer=f"bn{number}", message="little") for number in range(6)]
    shown = text(CheckResult(models=(ModelResult(path="m.pb", found=(*several, found(layer="last"))),)))
    assert "  error    BN201 statistics-never-updated  7 layers (last, bn0 and 5 more)\n" in shown
    assert "           last: mean 0" in shown
    assert "little" not in shown


def test_what_fails_comes_first_and_what_is_known_last() -> None:
    gone = found("BN113", layer=None, node=None, message="no variables folder", name="weights-missing")
    weightless = ModelResult(path="w", sentence="2 batch norms", modes={"switched": 2}, weightless=True)
    known = replace(weightless, path="k", found=(replace(gone, known=True),))
    fresh = replace(weightless, path="f", found=(gone,))
    failed = ModelResult(path="m.pb", sentence="1 batch norm", modes={"training": 1}, found=(found(),))
    shown = text(CheckResult(models=(known, fresh, failed)), None)
    heads = [
        line.partition(":")[0] for line in shown.splitlines() if ": 1 batch" in line or ": 2 batch" in line
    ]
    assert heads == ["m.pb", "f", "k"]
