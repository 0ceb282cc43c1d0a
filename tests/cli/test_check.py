"""`bninspect check` from the command line: models, exit codes, formats, a baseline."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tests.support.checking import ERROR, HEALTHY, WARNING
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("text", "concise", "json", "sarif", "junit", "github", "markdown")
TELLING = ("json", "sarif", "junit", "github")
"""Formats that give each rule that did not run with its reason."""
pytestmark = pytest.mark.usefixtures("folder_of_models")


@pytest.fixture
def check(command_line: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """Runs `bninspect check`."""
    return partial(command_line, "check")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([f"models/{HEALTHY}"], 0),
        ([f"models/{WARNING}"], 0),
        ([f"models/{WARNING}", "--fail-on", "warning"], 1),
        ([f"models/{WARNING}", "--deploy"], 1),
        ([f"models/{ERROR}"], 1),
        (["models"], 1),
        (["models", "--exit-zero"], 0),
        (["models", "--ignore", "BN101"], 0),
        (["models", "--select", "BN2,BN103"], 0),
        (["models/*.pb", "absent.pb"], 2),
        (["models", "absent.pb", "--exit-zero"], 2),
    ],
)
def test_the_format_never_changes_the_exit_code(
    check: Callable[..., tuple[int, str, str]], form: str, arguments: list[str], code: int
) -> None:
    ended, out, err = check(*arguments, "--format", form)
    assert (ended, err) == (code, "")
    assert out or form == "concise"


def test_one_unreadable_model_stops_no_other(check: Callable[..., tuple[int, str, str]]) -> None:
    Path("models/lfs.pb").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    code, out, _ = check("models", "--format", "json")
    told = json.loads(out)
    assert code == 2
    assert [Path(model["path"]).name for model in told["models"]] == sorted(
        [ERROR, WARNING, HEALTHY, "lfs.pb"]
    )
    assert ["LFS" in (model["error"] or "") for model in told["models"]].count(True) == 1
    assert {finding["code"] for finding in told["findings"]} == {"BN101", "BN103"}


@pytest.mark.parametrize("form", TELLING)
def test_what_did_not_run_is_told_with_the_reason(
    check: Callable[..., tuple[int, str, str]], form: str
) -> None:
    _, out, _ = check(f"models/{HEALTHY}", "--format", form)
    assert "BN403" in out
    assert "no probe images given" in out


@pytest.mark.parametrize("form", FORMATS)
def test_any_number_of_jobs_prints_the_same(
    check: Callable[..., tuple[int, str, str]], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bninspect.commands.check.many_models.WORTH_IT", 0.0)
    one, two = (check("models", "--format", form, "--jobs", jobs) for jobs in ("1", "2"))
    assert one == two


def test_statistics_count_the_rules(check: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = check("models", "--statistics")
    assert "     1  BN101 training-mode-baked-in\n     1  BN103 mode-left-to-the-caller\n" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["models", "--select", "BN9"], "no rule is called 'BN9'"),
        (["models", "--ignore", "typo"], "no rule is called 'typo'"),
        (["models", "--select", "BN101", "--ignore", "BN1"], "leaves no rule"),
        (["models", "--update-baseline"], "--update-baseline needs --baseline FILE"),
        (["models", "--baseline", "absent.json"], "--update-baseline writes one"),
        (["models/*.h5"], "matches no model"),
        (["models", "--jobs", "0"], "--jobs"),
        (["models", "--format", "xml"], "'xml'"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    check: Callable[..., tuple[int, str, str]], arguments: list[str], told: str
) -> None:
    code, out, err = check(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_a_baseline_lets_a_project_start_today(check: Callable[..., tuple[int, str, str]]) -> None:
    baseline = ("--baseline", "ci/known.json")
    Path("ci").mkdir()
    assert check("models", *baseline, "--update-baseline")[0] == 0
    assert {entry["model"] for entry in json.loads(Path("ci/known.json").read_text())["entries"]} == {
        f"../models/{ERROR}",
        f"../models/{WARNING}",
    }
    code, out, _ = check("models", *baseline, "--fail-on", "note")
    assert code == 0
    assert "3 models: 3 clean, 2 findings known from the baseline" in out
    shutil.copy(FIXTURES / "classic.pb", "models/new.pb")
    code, out, _ = check("models", *baseline)
    assert code == 1
    assert out.splitlines()[-1].startswith("4 models: 1 fails, 3 clean, 2 findings known")


def test_what_is_mended_is_stale_and_goes(check: Callable[..., tuple[int, str, str]]) -> None:
    baseline = ("--baseline", "known.json")
    check("models", *baseline, "--update-baseline")
    shutil.copy(FIXTURES / HEALTHY, f"models/{ERROR}")
    stale = f"models/{ERROR}: BN101 at cond/bn_train"
    assert f"baseline: no longer found: {stale}" in check("models", *baseline)[1]
    assert json.loads(check("models", *baseline, "--format", "json")[1])["stale_baseline"] == [stale]
    assert (
        json.loads(check("models", *baseline, "--select", "BN2", "--format", "json")[1])["stale_baseline"]
        == []
    )
    check("models", *baseline, "--update-baseline")
    assert ERROR not in Path("known.json").read_text()
    assert WARNING in Path("known.json").read_text()


def test_standard_input(check: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    content = io.TextIOWrapper(io.BytesIO((FIXTURES / ERROR).read_bytes()))
    monkeypatch.setattr("sys.stdin", content)
    code, out, _ = check("-", "--format", "json")
    told: Any = json.loads(out)
    assert code == 1
    assert [finding["code"] for finding in told["findings"]] == ["BN101"]


@pytest.mark.tensorflow
def test_images_run_the_rules_on_a_probe(check: Callable[..., tuple[int, str, str]]) -> None:
    pytest.importorskip("tensorflow", reason="a model is run")
    code, out, _ = check(
        str(FIXTURES / "classic.pb"), "--image", str(FIXTURES / "image.jpg"), "--format", "json"
    )
    told = json.loads(out)
    assert (code, told["models"][0]["error"]) == (1, None)
    reasons = {skip["code"]: skip["reason"] for skip in told["skipped"]}
    assert "no probe images given" not in reasons.values()
    assert "BN201" in {finding["code"] for finding in told["findings"]}


def test_progress_is_for_a_person_only(
    check: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "bninspect.render.waiting._own_standard_error", lambda: Console(stderr=True, force_terminal=True)
    )
    _, out, err = check("models", "--format", "json")
    assert json.loads(out)["schema_version"] == 1
    assert "of 3 models" in err
    monkeypatch.undo()
