"""The JSON Schemas that the package ships: every document is as they say, and every field is described."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bninspect
from bninspect import cli
from bninspect.commands.paths import models
from bninspect.errors import BninspectError
from tests.pages.schemas.files import SCHEMAS
from tests.support.places import FIXTURES

MODELS = [Path(path) for path in models([str(FIXTURES)])]
"""Every fixture that `check` of the folder finds."""
DIFFED = [FIXTURES / "training" / name for name in ("wired_14", "unwired_115")]


def shipped(name: str) -> dict[str, Any]:
    """The schema of a command, as an installed package has it."""
    text = (files("bninspect.render") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def closed(schema: Any) -> Any:
    """The schema, where no field may come that it does not describe."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        found["additionalProperties"] = False
    return found


VALIDATORS = {name: jsonschema.Draft202012Validator(closed(shipped(name))) for name in SCHEMAS}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    cli.run([*arguments, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def described(schema: dict[str, Any], path: str) -> list[str]:
    """The fields without a description."""
    lacking = [path] if not schema.get("description") and path else []
    for name, field in schema.get("properties", {}).items():
        lacking += described(field, f"{path}.{name}")
    for form in schema.get("anyOf", ()):
        lacking += described(form, path)
    items = schema.get("items", {})
    return lacking + (described(items, f"{path}[]") if "properties" in items else [])


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_one_and_describes_every_field(name: str) -> None:
    schema = shipped(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described(schema, "") == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_fields_may_be_added(name: str) -> None:
    """What is valid today is valid under the schema of yesterday."""
    assert "additionalProperties" not in shipped(name)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_graph_and_check_of_every_fixture(path: Path) -> None:
    try:
        report = bninspect.inspect(path)
    except BninspectError:
        pytest.skip("no model")
    VALIDATORS["graph"].validate(report.to_dict())
    VALIDATORS["check"].validate(bninspect.check(path, deploy=True).to_dict())


def test_what_is_printed_of_one_model_and_of_several(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "broken.pb").write_bytes(b"no model")
    classic, broken = str(FIXTURES / "classic.pb"), str(tmp_path / "broken.pb")
    VALIDATORS["graph"].validate(printed(capsys, "graph", classic))
    several = printed(capsys, "graph", classic, broken)
    VALIDATORS["graph"].validate(several)
    assert "error" in several["models"][1]
    VALIDATORS["check"].validate(printed(capsys, "check", classic, broken))
    VALIDATORS["rule"].validate(printed(capsys, "rule"))
    VALIDATORS["rule"].validate(printed(capsys, "rule", "BN1"))


@pytest.mark.parametrize("folder", DIFFED, ids=lambda folder: folder.name)
def test_diff(folder: Path) -> None:
    VALIDATORS["diff"].validate(bninspect.diff(folder / "model.ckpt-0", folder / "model.ckpt-20").to_dict())


@pytest.mark.parametrize("name", ["classic.pb", "tfkeras_training.pb", "net_mixed.pb"])
def test_strip(name: str, tmp_path: Path) -> None:
    result = bninspect.strip(FIXTURES / name, tmp_path / "out.pb", verify=False)
    VALIDATORS["strip"].validate(result.to_dict())


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("classic.pb", {"images": FIXTURES / "image.jpg", "patch": "0,0,0,0"}),
        ("classic_net.pb", {"images": FIXTURES / "cases" / "photos_12px"}),
        ("classic.pb", {"random": 2}),
    ],
    ids=["patch", "photos", "random"],
)
def test_probe(name: str, asked: dict[str, Any]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    VALIDATORS["probe"].validate(bninspect.probe(FIXTURES / name, **asked).to_dict())


@pytest.mark.tensorflow
def test_strip_and_refresh_that_ran(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    net, photos = FIXTURES / "classic_net.pb", FIXTURES / "cases" / "photos_12px"
    VALIDATORS["strip"].validate(bninspect.strip(net, tmp_path / "strip.pb").to_dict())
    done = bninspect.refresh(net, tmp_path / "refresh.pb", images=photos, stripped=True)
    VALIDATORS["refresh"].validate(done.to_dict())


@pytest.mark.tensorflow
def test_refresh_prints_its_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    monkeypatch.chdir(tmp_path)
    net, photos = str(FIXTURES / "classic_net.pb"), str(FIXTURES / "cases" / "photos_12px")
    document = printed(capsys, "refresh", net, "-o", "better.pb", "--image", photos, "--prior", "8")
    VALIDATORS["refresh"].validate(document)
    assert document == bninspect.refresh(net, "better.pb", images=photos, prior=8).to_dict()
    assert document["written"] == {"path": "better.pb", "bytes": (tmp_path / "better.pb").stat().st_size}
