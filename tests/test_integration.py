"""What docs/ says of continuous integration runs as it stands there; so do the hook and the action."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pages import DOCS
from tests.support.places import FIXTURES, ROOT

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""As GitHub runs a step whose shell is bash."""

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the lines are for bash")


def blocks(language: str, page: str = "ci.md") -> list[str]:
    """The code blocks of a page in one language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a model that may ship, one that may not, and bninspect on the path."""
    (tmp_path / "models").mkdir()
    shutil.copy(FIXTURES / "tfkeras_inference.pb", tmp_path / "models" / "classifier.pb")
    shutil.copy(FIXTURES / "const_true.pb", tmp_path / "models" / "style_mosaic.pb")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "bninspect"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bninspect "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script in the project, ended with whatever code."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*BASH, script],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_baseline_first_and_then_the_gate(project: Path) -> None:
    start, gate = blocks("sh")[0].splitlines()
    assert bash(gate.partition(" --baseline")[0], project).returncode == 1
    assert bash(f"{start}\n{gate}", project).returncode == 0
    shutil.copy(FIXTURES / "default_true.pb", project / "models" / "new.pb")
    ended = bash(gate, project)
    assert ended.returncode == 1
    assert "BN104" in ended.stdout


def test_the_steps_of_the_workflow_run(project: Path) -> None:
    workflow = yaml.safe_load(blocks("yaml")[0])
    [job] = workflow["jobs"].values()
    [ours] = [step["with"] for step in job["steps"] if step.get("uses", "").endswith("bninspect")]
    known = set(action()["inputs"])
    assert set(ours) <= known
    assert bash(blocks("sh")[0].splitlines()[0], project).returncode == 0
    assert checked(project, **ours).returncode == 0
    for step in job["steps"]:
        if "run" in step:
            assert bash(step["run"], project).returncode == 0
    assert (project / "findings.sarif").stat().st_size > 1000


def test_a_report_for_another_server(project: Path) -> None:
    assert bash(blocks("sh")[1], project).returncode == 0
    assert "<testsuites " in (project / "bninspect.xml").read_text(encoding="utf-8")
    (project / "models" / "broken.pb").write_bytes(b"junk")
    assert bash(blocks("sh")[1], project).returncode == 1


def test_the_settings(project: Path) -> None:
    [text] = blocks("toml", "configuration.md")
    (project / "bninspect.toml").write_text(text, encoding="utf-8")
    ended = bash("bninspect check models/", project)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1 finding allowed by the configuration" in ended.stdout
    shown = bash("bninspect check models/ --verbose", project).stdout
    assert "allowed: BN101 at cond (style transfer normalizes each image by itself)" in shown
    nested = text.replace("[[models]]", "[[tool.bninspect.models]]")
    (project / "bninspect.toml").unlink()
    (project / "pyproject.toml").write_text(f"[tool.bninspect]\n{nested}", encoding="utf-8")
    assert bash("bninspect check models/", project).stdout == ended.stdout


def test_the_hook_runs(project: Path) -> None:
    [used] = yaml.safe_load(blocks("yaml")[1])["repos"]
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert used["hooks"][0]["id"] == hook["id"]
    assert hook["language"] == "python"
    names = [
        "models/classifier.pb",
        "models/style_mosaic.pb",
        "a/saved_model.pb",
        "b.pbtxt",
        "c.meta",
        "d.pb.txt",
    ]
    assert [name for name in names if re.search(hook["files"], name)] == names[:-1]
    line = [hook["entry"], *used["hooks"][0]["args"]]
    assert bash(" ".join([*line, names[0]]), project).returncode == 0
    assert bash(" ".join([*line, *names[:2]]), project).returncode == 1


def checked(
    project: Path, runner: dict[str, str] | None = None, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """The step of the action that checks, with these inputs, and variables of the runner."""
    told = action()
    values = {name: str(given.get("default", "")) for name, given in told["inputs"].items()} | inputs
    [step] = [step for step in told["runs"]["steps"] if step.get("name") == "Check the models"]
    variables = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: values[match[1]], text)
        for name, text in step["env"].items()
    }
    return bash(
        step["run"], project, **{"GITHUB_STEP_SUMMARY": "", "RUNNER_TEMP": "", **variables, **(runner or {})}
    )


def test_the_action_checks(project: Path) -> None:
    ended = checked(
        project, models="models/**/*.pb\nmodels/classifier.pb", arguments="--deploy --fail-on error"
    )
    assert ended.returncode == 1
    assert "::error file=models/style_mosaic.pb,line=1,title=BN101 " in ended.stdout
    assert checked(project, models="models/classifier.pb").returncode == 0
    assert checked(project, models="absent.pb").returncode == 2
    assert checked(project, models="models", format="sarif", output="out.sarif").returncode == 1
    ended = checked(project, models="models", format="sarif", output="out.sarif")
    assert ended.stdout == (project / "out.sarif").read_text(encoding="utf-8")
    assert ended.stdout.startswith("{")


def test_the_action_keeps_a_page(project: Path) -> None:
    page = project / "bninspect.html"
    runner = {"RUNNER_TEMP": str(project)}
    assert checked(project, runner, models="models", page="false").returncode == 1
    assert not page.exists()
    assert checked(project, runner, models="models").returncode == 1
    assert page.read_text(encoding="utf-8").count("<section") == 2
    kept = action()["runs"]["steps"][-1]
    assert kept["with"]["path"] == "${{ runner.temp }}/bninspect.html"
    assert kept["if"] == "always() && inputs.page == 'true'"


def test_the_action_writes_the_summary_of_the_job(project: Path) -> None:
    """Once, beside whatever report it prints; not where there is no such file, or none is wanted."""
    summary = project / "summary.md"
    told = {"GITHUB_STEP_SUMMARY": str(summary)}
    for form in ("github", "sarif"):
        ended = checked(project, told, models="models/", format=form)
        assert ended.returncode == 1
        assert summary.read_text(encoding="utf-8").startswith(
            "## bninspect check\n\n2 models: 1 fails, 1 clean"
        )
        summary.unlink()
    assert checked(project, told, models="models/", summary="false").returncode == 1
    assert not summary.exists()


def test_the_exit_code_of_the_action_is_that_of_the_check(project: Path) -> None:
    """Not that of writing its report, and 1 for findings alone."""
    assert checked(project, models="models", output="absent/out.txt").returncode == 2
    assert checked(project, models="").returncode == 2
    assert checked(project, models="models", arguments="--nope").returncode == 2
    (project / "models" / "broken.pb").write_bytes(b"junk")
    assert checked(project, models="models").returncode == 2
    assert checked(project, models="models", arguments="--exit-zero", output="out.txt").returncode == 2


@pytest.mark.parametrize("models", ["--exit-zero models/", "--exit-zero\nmodels/", "models/\n--exit-zero"])
def test_no_model_of_the_action_is_an_option(project: Path, models: str) -> None:
    """An option among the paths would turn a failing gate green."""
    ended = checked(project, models=models)
    assert ended.returncode == 2
    assert "--exit-zero" in ended.stdout + ended.stderr


def test_a_path_of_the_action_may_hold_spaces(project: Path) -> None:
    shutil.copy(FIXTURES / "const_true.pb", project / "models" / "a model.pb")
    ended = checked(project, models="  models/a model.pb  \n\n", format="text")
    assert ended.returncode == 1
    assert ended.stdout.startswith("models/a model.pb: ")


def test_no_input_of_the_action_is_code(project: Path) -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    ended = checked(project, models="$(touch owned) ;touch owned", arguments="`touch owned`")
    assert ended.returncode == 2
    assert not (project / "owned").exists()


def test_the_action_installs_this_project(project: Path) -> None:
    install = action()["runs"]["steps"][0]["run"]
    (project / "bin" / "python3").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (project / "bin" / "python3").chmod(0o755)
    told = [
        bash(install, project, GITHUB_ACTION_PATH=str(ROOT), TENSORFLOW=answer).stdout.strip()
        for answer in ("false", "true")
    ]
    assert told == [f"-m pip install --quiet {ROOT}", f"-m pip install --quiet {ROOT}[tf]"]
    assert (ROOT / "pyproject.toml").is_file()


def test_the_lines_of_completion(project: Path) -> None:
    [block] = blocks("sh", "commands.md")
    lines = {line.partition("_source")[0].rpartition("=")[2]: line for line in block.splitlines()}
    assert set(lines) == {"bash", "zsh", "fish"}
    assert bash(f"{lines['bash']}\ncomplete -p bninspect", project).stdout.strip().endswith("bninspect")
    for shell in ("zsh", "fish"):
        command = re.search(r"_BNINSPECT_COMPLETE=\w+ bninspect", lines[shell])
        assert command
        assert "bninspect" in bash(command[0], project).stdout
