"""No name of a file or a node is a command: not to a terminal, not to the runner of an integration."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.render.check.document import check_document
from bninspect.render.ci.github import github
from bninspect.render.ci.junit import junit
from bninspect.render.ci.sarif import sarif
from bninspect.render.json import dumps
from tests.render.check.test_text import text
from tests.support.checks import found, not_run
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = (
    "::warning::x",
    "  ::add-mask::x",
    "##[error]x",
    "##vso[task.setvariable]x",
    "x\n::error::y",
    "\x1b]0;t\x07",
)
FORBIDDEN = re.compile(r"##\[|##vso\[|[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]")


def result(name: str) -> CheckResult:
    """The name in every place that a file decides."""
    one = found(layer=name, node=name, message=name, remedy=name)
    return CheckResult(
        models=(
            ModelResult(
                path=name,
                modes={"training": 1},
                found=(one,),
                not_run=not_run(name, "BN401"),
                allowed=(("BN101", name, name),),
            ),
            ModelResult(path=f"{name}2", error=f"{name}2: {name}"),
        ),
        stale=(name,),
    )


FORMATS: dict[str, Callable[[CheckResult], str]] = {
    "text": text,
    "narrow": lambda result: text(result, 40),
    "json": lambda result: dumps(check_document(result)),
    "sarif": sarif,
    "junit": junit,
    "github": github,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMATS)
def test_no_format_of_check_holds_a_command(form: str, name: str) -> None:
    shown = FORMATS[form](result(name))
    assert not FORBIDDEN.search(shown)
    begun = [line for line in shown.splitlines() if line.lstrip().startswith("::")]
    ours = re.compile(r"::(error|warning|notice) [^:]*::[^\n]*\Z")
    assert not begun if form != "github" else all(ours.match(line) for line in begun)
    if form == "json":
        assert json.loads(shown)["models"][0]["path"] == name


NODES = ("::warning::x", "##[error]x", "\x1b[31mx", "\u202exyz")


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["graph"],
        ["graph", "--layer", "*"],
        ["graph", "--format", "json"],
        ["check", "--format", "github"],
        ["check"],
    ],
)
def test_no_command_prints_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, arguments: list[str]
) -> None:
    from bninspect.cli import run

    message = graphdef(
        "x = Placeholder(dtype=float)\ng = Const([1.0, 1.0])\nv = Const([0.0, 0.0])\n"
        "bn = FusedBatchNormV3(x, g, v, v, g, is_training=true)\nout = Identity(bn)".replace("\\\n", "\n")
    )
    for node in message.node:
        node.name = node.name if node.name not in ("bn", "v") else f"{name}{node.name}"
        node.input[:] = [text if text not in ("bn", "v") else f"{name}{text}" for text in node.input]
    path = tmp_path / "m.pb"
    path.write_bytes(message.SerializeToString())
    code = run([arguments[0], str(path), *arguments[1:]])
    shown = "".join(capsys.readouterr())
    assert code in (0, 1, 2)
    assert not FORBIDDEN.search(shown.replace("\\t", ""))
    assert not [line for line in shown.splitlines() if re.match(r"\s*::(?!error |warning |notice )", line)]
