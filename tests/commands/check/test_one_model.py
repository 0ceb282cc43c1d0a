"""One model through the rules: what is selected, what is allowed, what could not be judged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bninspect.commands.check.one_model import Allowance, Settings, check
from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.inputs.request import Request
from bninspect.rules import Severity, rules
from tests.support.checks import found, warning
from tests.support.places import FIXTURES


def result(name: str, **settings: object) -> ModelResult:
    return check(Settings(path=str(FIXTURES / name), **settings))  # type: ignore[arg-type]


def codes(model: ModelResult) -> list[str]:
    assert model.error is None
    return [one.finding.code for one in model.found]


def test_findings_modes_and_names() -> None:
    model = result("const_true.pb")
    assert codes(model) == ["BN101"]
    assert model.found[0].name == "training-mode-baked-in"
    assert (dict(model.modes), model.layers, model.worst) == ({"training": 1}, 1, Severity.ERROR)


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"select": ("BN2",)}, ["BN201"]),
        ({"select": ("BN103", "statistics-never-updated")}, ["BN103", "BN201"]),
        ({"ignore": ("BN2",)}, ["BN103"]),
        ({"select": ("BN",), "ignore": ("bn103",)}, ["BN201"]),
    ],
)
def test_rules_are_selected(settings: dict[str, object], left: list[str]) -> None:
    assert codes(result("classic.pb", **settings)) == left


def test_what_did_not_run_was_not_judged() -> None:
    model = result("train_unwired.meta")
    not_run = {skip.code for skip in model.not_run}
    assert {"BN201", "BN401"} <= not_run
    assert "BN103" in model.judged
    assert not not_run & set(model.judged)
    assert not_run | set(model.judged) == {rule.code for rule in rules()}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("m.pb", "bninspect strip m.pb -o m.serving.pb"),
        ("a b's.pb", """bninspect strip 'a b'"'"'s.pb' -o 'a b'"'"'s.serving.pb'"""),
        ("MODEL.pb", "bninspect strip MODEL.pb -o MODEL.serving.pb"),
        ("\\1.pb", "bninspect strip '\\1.pb' -o '\\1.serving.pb'"),
        ("-m.pb", "bninspect strip ./-m.pb -o ./-m.serving.pb"),
    ],
)
def test_the_fix_names_the_model_and_what_it_writes(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(FIXTURES / "const_true.pb", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    [one] = check(Settings(path=name)).found
    assert one.finding.remedy == told


@pytest.mark.parametrize(("layer", "allowed"), [("*", True), ("con*", True), ("gen/*", False)])
def test_an_allowance_takes_a_finding_and_keeps_its_reason(layer: str, allowed: bool) -> None:
    model = result("const_true.pb", allowances=(Allowance(code="BN101", layer=layer, reason="a GAN"),))
    assert codes(model) == ([] if allowed else ["BN101"])
    assert model.allowed == ((("BN101", "cond", "a GAN"),) if allowed else ())
    assert model.unmatched == (() if allowed else (layer,))


def test_an_allowance_is_for_its_code_alone() -> None:
    assert codes(result("const_true.pb", allowances=(Allowance(code="BN102", layer="*", reason="x"),))) == [
        "BN101"
    ]


@pytest.mark.tensorflow
@pytest.mark.parametrize(("layer", "left"), [("*", []), ("bn", []), ("other*", ["BN101", "BN401"])])
def test_what_a_run_shows_of_an_allowed_layer_is_allowed(layer: str, left: list[str]) -> None:
    pytest.importorskip("tensorflow", reason="the model is run")
    model = result(
        "fixed_training_fused_2.pb",
        select=("BN101", "BN401"),
        allowances=(Allowance(code="BN101", layer=layer, reason="a GAN"),),
        request=Request(random=4),
    )
    assert codes(model) == left
    assert {reason for _, _, reason in model.allowed} == (set() if left else {"a GAN"})


@pytest.mark.parametrize(
    ("severities", "fail_on", "exit_zero", "code"),
    [
        ((), "note", False, 0),
        (("warning",), "error", False, 0),
        (("warning",), "warning", False, 1),
        (("error",), "error", False, 1),
        (("error",), "error", True, 0),
        (("known",), "note", False, 0),
        (("unreadable",), "error", False, 2),
        (("error", "unreadable"), "error", True, 2),
    ],
)
def test_exit_codes(severities: tuple[str, ...], fail_on: str, exit_zero: bool, code: int) -> None:
    models = {
        "warning": ModelResult(path="w.pb", found=(warning(),)),
        "error": ModelResult(path="e.pb", found=(found(),)),
        "known": ModelResult(path="k.pb", found=(found(known=True),)),
        "unreadable": ModelResult(path="u.pb", error="u.pb: empty"),
    }
    checked = tuple(models[name] for name in severities)
    assert CheckResult(models=checked, fail_on=Severity(fail_on)).exit_code(exit_zero) == code
