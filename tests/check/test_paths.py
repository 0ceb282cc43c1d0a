"""Files, folders and globs -> models, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.check.paths import models
from bninspect.errors import SelectionError


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.pb", "a.pb", "notes.txt", "sub/c.pbtxt", "sub/saved/saved_model.pb", ".hidden/d.pb"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "sub/saved/variables").mkdir()
    (tmp_path / "sub/saved/variables/x.pb").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["b.pb", "a.pb"], ["b.pb", "a.pb"]),
        (["."], ["a.pb", "b.pb", "sub/c.pbtxt", "sub/saved"]),
        (["*.pb"], ["a.pb", "b.pb"]),
        (["**/[a-c].*"], ["a.pb", "b.pb", "sub/c.pbtxt"]),
        (["sub/s*"], ["sub/saved"]),
        (["sub/saved"], ["sub/saved"]),
        (["notes.txt"], ["notes.txt"]),
        (["absent.pb"], ["absent.pb"]),
        (["-"], ["-"]),
    ],
)  # fmt: skip
def test_what_names_stand_for(names: list[str], found: list[str]) -> None:
    assert models(names) == tuple(found)


def test_a_model_named_twice_is_one() -> None:
    assert models(["./b.pb", "b.pb", "*.pb", str(Path("b.pb").absolute())]) == ("./b.pb", "a.pb")


@pytest.mark.parametrize(
    ("name", "told"),
    [("empty", "no model in this folder"), ("*.h5", "matches no model"), ("e*", "matches no model")],
)
def test_nothing_found_is_said(name: str, told: str) -> None:
    with pytest.raises(SelectionError, match=told):
        models([name])


def test_a_file_whose_name_looks_like_a_glob() -> None:
    Path("m[1].pb").touch()
    assert models(["m[1].pb"]) == ("m[1].pb",)
