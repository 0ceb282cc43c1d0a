"""What a docstring or a comment calls `file.name` is there: files are renamed, and docstrings are not run."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import bninspect
from tests.support.places import ROOT

PACKAGE = ROOT / "bninspect"
MODULES = sorted(PACKAGE.rglob("*.py"))
REFERENCE = re.compile(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`")
FOREIGN = frozenset({"openvino.convert_model", "keras.applications.imagenet_utils"})
"""Names of other libraries that begin as a file of ours is called."""


@cache
def names() -> dict[str, set[str]]:
    """What a file or folder is called -> the names that stand in those that are called so."""
    found: dict[str, set[str]] = defaultdict(set)
    found["bninspect"].update(bninspect.__all__)
    for path in MODULES:
        home = path.parent.name if path.stem == "__init__" else path.stem
        for place in (path, *path.relative_to(ROOT).parents):
            found[place.parent.name].add(place.stem)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found[home].add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.alias(name=name):
                    found[home].add(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_docstring_names_is_there(path: Path) -> None:
    for reference in REFERENCE.findall(path.read_text(encoding="utf-8")):
        home, *inside = reference.split(".")
        if home not in names() or reference in FOREIGN or inside[-1] in ("py", "pb"):
            continue
        for name in inside:
            assert name in names()[home], f"{reference}: nothing of this name stands in {home}"
            home = name
