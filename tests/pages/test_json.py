"""docs/json.md has a row for every field of the documents."""

from __future__ import annotations

import json
import re

import pytest

from tests.pages import DOCS
from tests.pages.console import printed

NAMES_OF_THE_MODEL = frozenset({"fed", "models[].modes", "signatures[].modes"})
"""Objects of a JSON document whose keys are values."""
SAME_AS = {
    "models[].model.": "",
    "models[].": "",
    "model.": "",
    "old.": "",
    "new.": "",
    "findings[].": "",
    "stripped[].": "converters[].",
    "layers[].inference.": "layers[].training.",
    "layers[].deployed.": "layers[].own.",
    "layers[].gamma.": "layers[].weights.",
    "layers[].beta.": "layers[].weights.",
    "outputs[].top.inference[].": "outputs[].top.training[].",
}
"""Beginnings of names whose fields docs/json.md documents once -> where."""


def fields(document: object, path: str = "") -> set[str]:
    """The fields of a JSON document, as `layers[].switch.source`."""
    if isinstance(document, list):
        return {name for element in document for name in fields(element, f"{path}[]")}
    if not isinstance(document, dict) or path in NAMES_OF_THE_MODEL:
        return {path.removesuffix("[]")}
    return {
        name for key, value in document.items() for name in fields(value, f"{path}.{key}" if path else key)
    }


def documented(name: str, told: set[str]) -> bool:
    """Whether the field has a row, under its own name or another."""
    return name in told or any(
        documented(instead + name.removeprefix(beginning), told)
        for beginning, instead in SAME_AS.items()
        if name.startswith(beginning)
    )


@pytest.mark.parametrize(
    "command",
    [
        "graph fixtures/classic.pb",
        "graph fixtures/train_unwired.meta fixtures/const_true.pb",
        "check fixtures/const_true.pb",
        "diff fixtures/training/unwired_115/model.ckpt-0 fixtures/training/unwired_115/model.ckpt-20",
        "forecast fixtures/default_true.pb",
        "rule BN101",
        pytest.param(
            "probe fixtures/classic.pb --image fixtures/image.jpg --patch 0,0,0,0",
            marks=pytest.mark.tensorflow,
        ),
    ],
    ids=lambda command: command.split("/")[0],
)
def test_every_json_field_is_documented(command: str) -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \| ", page, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(.*?)`", row)}
    for name in fields(json.loads(printed(f"{command} --format json"))):
        assert documented(name, told), name
