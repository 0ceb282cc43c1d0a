"""The configuration: where it is found, what it gives, what it refuses, and that the command line wins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.cli import run
from bninspect.cli.configuration.config import ModelSection, find
from tests.support.checking import ERROR, HEALTHY, WARNING
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("folder_of_models")


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Runs `bninspect check models --format json`: (exit code, the document or the line of the error)."""

    def call(*arguments: str) -> tuple[int, Any]:
        code = run(["check", *(arguments or ("models",)), "--format", "json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return call


def configure(text: str, name: str = "bninspect.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bninspect.toml", 'fail-on = "warning"'),
        ("bninspect.toml", '[tool.bninspect]\nfail-on = "warning"'),
        ("pyproject.toml", '[tool.bninspect]\nfail-on = "warning"\n[tool.other]\nx = 1'),
    ],
)
def test_it_gives_defaults_and_the_command_line_wins(
    check: Callable[..., tuple[int, Any]], name: str, text: str
) -> None:
    healthy, warning = f"models/{HEALTHY}", f"models/{WARNING}"
    assert check(warning)[0] == 0
    configure(text, name)
    assert (check(warning)[0], check(healthy)[0]) == (1, 0)
    assert check(warning, "--fail-on", "error")[0] == 0


def test_it_is_that_of_the_nearest_folder(
    check: Callable[..., tuple[int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure('select = ["BN103"]')
    monkeypatch.chdir("models")
    assert {finding["code"] for finding in check(".")[1]["findings"]} == {"BN103"}
    configure("[project]\nname = 'x'", "pyproject.toml")
    assert {finding["code"] for finding in check(".")[1]["findings"]} == {"BN103"}
    configure("", "bninspect.toml")
    assert {finding["code"] for finding in check(".")[1]["findings"]} == {"BN101", "BN103"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('ignore = "BN101"', {"BN103"}),
        ('ignore = ["BN101,BN103"]', set()),
        ('select = ["training-mode-baked-in"]', {"BN101"}),
    ],
)
def test_codes(check: Callable[..., tuple[int, Any]], text: str, codes: set[str]) -> None:
    configure(text)
    assert {finding["code"] for finding in check()[1]["findings"]} == codes


def test_a_format_is_for_the_commands_that_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure('format = "sarif"')
    assert run(["check", f"models/{HEALTHY}"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert run(["graph", f"models/{HEALTHY}"]) == 0
    assert "2 batch norms" in capsys.readouterr().out


def test_a_model_is_allowed_what_it_does_on_purpose(check: Callable[..., tuple[int, Any]]) -> None:
    configure(
        '[[models]]\npath = "models/const*.pb"\n'
        'allow = [{code = "training-mode-baked-in", layer = "con*", reason = "style transfer"}]'
    )
    code, told = check()
    assert code == 0
    assert told["allowed"] == [
        {"model": f"models/{ERROR}", "code": "BN101", "layer": "cond", "reason": "style transfer"}
    ]


def test_a_model_has_settings_of_its_own(check: Callable[..., tuple[int, Any]]) -> None:
    configure(
        'momentum = 0.9\n[[models]]\npath = "models/slim*.pb"\noutput = "unit/conv1/BatchNorm/cond/Merge"'
    )
    layers = {Path(model["path"]).name: model["layers"] for model in check()[1]["models"]}
    assert layers == {ERROR: 1, WARNING: 2, HEALTHY: 2}
    _, told = check(f"models/{WARNING}", "--output", "output")
    assert [model["layers"] for model in told["models"]] == [3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('fail_on = "error"', "unknown key 'fail_on'; did you mean 'fail-on'?"),
        ('fail-on = "fatal"', "fail-on = 'fatal': "),
        ("fail-on = 3", "fail-on = 3: "),
        ('jobs = "many"', "jobs = 'many': "),
        ("jobs = 0", "jobs = 0: "),
        ('jobs = [1]', "jobs = [1]: "),
        ("jobs = 2.5", "jobs = 2.5: a whole number is wanted"),
        ("jobs = true", "jobs = True: a text or a number is wanted"),
        ('deploy = "yes"', "deploy = 'yes': true or false is wanted"),
        ("deploy = 1", "deploy = 1: true or false is wanted"),
        ("image = 3", "image = 3: a text, or a list of texts, is wanted"),
        ('ignore = ["BN1", 3]', "ignore = ['BN1', 3]: a text, or a list of texts, is wanted"),
        ("tool = 3", "unknown key 'tool'"),
        ("[tool]\nbninspect = 3", "unknown key 'tool'"),
        ('momentum = 1.5', "momentum = 1.5: "),
        ('size = "big"', "size = 'big': "),
        ('format = "xml"', "format = 'xml': "),
        ("model = 3", "model = 3 is no path"),
        ('select = ["BN9"]', "no rule is called 'BN9'"),
        ("update-baseline = true", "unknown key 'update-baseline'"),
        ("fail-on = ", "bninspect.toml: "),
        ('models = "x"', "[[tool.bninspect.models]]"),
        ("[[models]]\nimage = 'x'", "a model without `path`"),
        ("[[models]]\npath = 'models/*.pb'\nlayer = 'x'", "unknown key 'layer' of a model"),
        ("[[models]]\npath = 'model/*.pb'", "path = 'model/*.pb' matches nothing"),
        ("[[models]]\npath = ''", "a model without `path`"),
        ("[[models]]\npath = 'models'", "path = 'models' matches nothing"),
        ("[[models]]\npath = 'models/*.pb'\nfeed = {k = 1}", "feed = {'k': 1}: a text"),
        ("[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN101', reason = 4}]", "are texts"),
        ("[[models]]\npath = 'models/*.pb'\nmomentum = 'x'", "momentum = 'x': "),
        ("[[models]]\npath = 'models/*.pb'\nsize = 'x'", "size = 'x': "),
        ("[[models]]\npath = 'models/*.pb'\nallow = 'BN101'", "allow is a list of "),
        ("[[models]]\npath = 'models/*.pb'\nallow = ['BN101']", "allow is a list of "),
        ("[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN101'}]", "needs a code and a reason"),
        ("[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN101', reason = ' '}]", "a code and a reason"),
        ("[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN9', reason = 'r'}]", "called 'BN9'"),
        (
            "[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN101', layer = 'gen/*', reason = 'r'}]",
            "allow BN101 at layer 'gen/*' matches no layer",
        ),
    ],
)  # fmt: skip
def test_what_it_cannot_mean_is_one_line_and_2(
    check: Callable[..., tuple[int, Any]], text: str, told: str
) -> None:
    configure(text)
    code, line = check()
    assert code == 2
    assert isinstance(line, str)
    assert told in line
    assert line.count("\n") == 1


def test_a_file_that_is_no_text(check: Callable[..., tuple[int, Any]]) -> None:
    Path("bninspect.toml").write_bytes(b"\xff\xfe")
    code, line = check()
    assert (code, line.count("\n")) == (2, 1)
    assert "bninspect.toml: no TOML that can be read: " in line


def test_a_layer_may_be_in_a_model_that_was_not_checked(check: Callable[..., tuple[int, Any]]) -> None:
    configure("[[models]]\npath = 'models/*.pb'\nallow = [{code = 'BN101', layer = 'cond', reason = 'r'}]")
    assert check(f"models/{HEALTHY}")[0] == 0
    assert check("models")[0] == 0


def test_help_reads_no_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    configure("nonsense = 1")
    assert run(["check", "--help"]) == 0
    assert "--fail-on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("models/*.pb", "models/a.pb", True),
        ("models/*.pb", "models/sub/a.pb", False),
        ("models/**/*.pb", "models/a.pb", True),
        ("models/**/*.pb", "models/x/y/a.pb", True),
        ("./models/a.pb", "models/a.pb", True),
        ("**", "models/a.pb", True),
        ("../*.pb", "../a.pb", True),
        ("models/*.pb", "/elsewhere/models/a.pb", False),
        ("/elsewhere/*.pb", "/elsewhere/a.pb", True),
    ],
)
def test_globs_of_models(pattern: str, path: str, fits: bool) -> None:
    section = ModelSection(folder=Path.cwd(), pattern=pattern, options={}, allow=())
    assert section.matches(path) is fits


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(
        'image = ["photos/*.jpg"]\nbaseline = "known.json"\nmodel = "models/a.pb"\nfeed = ["x=@x.npy", "k=1"]'
    )
    monkeypatch.chdir("models")
    config = find(Path.cwd())
    assert config.options == {
        "image": [str(tmp_path / "photos/*.jpg")],
        "baseline": str(tmp_path / "known.json"),
        "feed": [f"x=@{tmp_path / 'x.npy'}", "k=1"],
    }
    assert config.model == str(tmp_path / "models/a.pb")


def test_probe_takes_its_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNINSPECT_MODEL", "other.pb")
    configure('model = "models/absent.pb"')
    assert run(["probe", "--random", "1"]) == 2
    assert "models/absent.pb: No such file" in capsys.readouterr().err
    assert run(["probe", "named.pb", "--random", "1"]) == 2
    assert "bninspect: named.pb: No such file" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_a_model_is_probed_as_its_section_says(check: Callable[..., tuple[int, Any]]) -> None:
    pytest.importorskip("tensorflow", reason="a model is run")
    shutil.copy(FIXTURES / "classic.pb", "models")
    shutil.copy(FIXTURES / "image.jpg", "photo.jpg")
    configure('[[models]]\npath = "models/classic.pb"\nimage = "photo.jpg"\npreprocess = "unit"')
    code, told = check()
    skipped = {(skip["model"], skip["code"]): skip["reason"] for skip in told["skipped"]}
    assert code == 1
    assert skipped["models/slim_resnet.pb", "BN403"] == "no probe images given"
    assert skipped.get(("models/classic.pb", "BN403")) != "no probe images given"


def test_a_severity_of_ones_own(check: Callable[..., tuple[int, Any]]) -> None:
    warning = f"models/{WARNING}"
    configure('severity = {BN103 = "error"}')
    code, told = check(warning)
    assert code == 1
    assert [one["severity"] for one in told["findings"]] == ["error"]
    configure('severity = {mode-left-to-the-caller = "note"}')
    assert check(warning, "--fail-on", "warning")[0] == 0
    configure('severity = {BN1 = "note"}')
    assert check("models", "--deploy")[0] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('severity = {BN999 = "error"}', "severity: no rule is called 'BN999'"),
        ('severity = {BN103 = "grave"}', "severity: BN103 = 'grave' is none of error, warning, note"),
        ('severity = "error"', "severity is a table such as"),
        ('require = ["probes"]', "it is a list of what must run"),
        ("require = true", "it is a list of what must run"),
    ],
)
def test_a_wrong_severity_or_requirement_is_one_line_and_2(
    check: Callable[..., tuple[int, Any]], text: str, told: str
) -> None:
    configure(text)
    code, error = check("models")
    assert code == 2
    assert told in error
    assert error.count("\n") == 1


def test_a_required_probe_makes_an_unmeasured_model_2(
    check: Callable[..., tuple[int, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    configure('require = ["probe"]')
    assert check(f"models/{HEALTHY}")[0] == 2
    assert check(f"models/{HEALTHY}", "--exit-zero")[0] == 2
    assert run(["check", f"models/{HEALTHY}"]) == 2
    assert 'which require = ["probe"] asks for: give --image DIR' in capsys.readouterr().out


def test_a_severity_is_that_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    configure('severity = {BN103 = "error"}')
    run([f"models/{WARNING}"])
    assert "  error    BN103 " in capsys.readouterr().out
    configure('severity = {BN501 = "note"}')
    pair = [str(FIXTURES / "training" / "unwired_115" / f"model.ckpt-{step}") for step in (0, 20)]
    assert run(["diff", *pair, "--fail-on", "warning"]) == 0


@pytest.mark.tensorflow
def test_a_severity_is_that_of_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    configure('severity = {BN201 = "note"}')
    assert run(["probe", str(FIXTURES / "classic.pb"), "--random", "2", "--format", "json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["diagnosis"]
    assert (finding["code"], finding["severity"]) == ("BN201", "note")
