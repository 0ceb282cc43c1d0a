"""Files, folders and globs -> models, each once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bninspect.commands.paths import models
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


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["sub/saved/**"], ["sub/saved"]),
        (["**/saved/*.pb"], ["sub/saved"]),
        (["sub/saved/fingerprint.pb", "sub/saved/saved_model.pb"], ["sub/saved"]),
        (["sub/saved/variables/x.pb"], ["sub/saved"]),
        (["sub/saved/saved_model.pb"], ["sub/saved/saved_model.pb"]),
        (["sub/saved/saved_model.pb", "sub"], ["sub/saved/saved_model.pb", "sub/c.pbtxt"]),
    ],
)
def test_the_parts_of_a_savedmodel_are_one_model(names: list[str], found: list[str]) -> None:
    Path("sub/saved/fingerprint.pb").touch()
    assert models(names) == tuple(found)


def test_a_module_of_tensorflow_hub_is_one_model() -> None:
    for name in ("hub/saved_model.pb", "hub/tfhub_module.pb"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert models(["hub"]) == models(["hub/tfhub_module.pb"]) == ("hub",)


def test_a_checkpoint_with_an_empty_base_name_is_a_model() -> None:
    for name in ("nameless/.meta", "nameless/.index", "nameless/.data-00000-of-00001"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert models(["nameless"]) == ("nameless/.meta",)


def test_keras_files_in_a_folder_are_models() -> None:
    for name in ("empty/a.keras", "empty/b.h5", "empty/c.hdf5", "empty/d.npz"):
        Path(name).touch()
    assert models(["empty"]) == ("empty/a.keras", "empty/b.h5", "empty/c.hdf5")


def test_a_model_beside_the_parts_of_a_savedmodel_is_another() -> None:
    Path("sub/saved/frozen.pb").touch()
    for name in ("sub/saved", "sub/saved/*.pb"):
        assert models([name]) == ("sub/saved", "sub/saved/frozen.pb")


@pytest.mark.parametrize("name", ["sub", "sub/**", "sub/**/*.pb*"])
def test_a_link_is_followed_and_never_round_in_circles(name: str) -> None:
    Path("sub/round").symlink_to(Path.cwd())
    Path("sub/up").symlink_to("..")
    Path("sub/other").symlink_to(Path.cwd() / "linked")
    Path("linked").mkdir()
    Path("linked/e.pb").touch()
    Path("linked/nowhere.pb").symlink_to("absent")
    assert models([name]) == ("sub/c.pbtxt", "sub/other/e.pb", "sub/other/nowhere.pb", "sub/saved")


@pytest.mark.parametrize("name", ["sub", "sub/*"])
def test_a_pipe_in_a_folder_is_not_waited_for(name: str) -> None:
    os.mkfifo("sub/pipe.pb")
    assert models([name]) == ("sub/c.pbtxt", "sub/saved")


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
