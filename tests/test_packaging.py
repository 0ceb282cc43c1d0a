"""What is built of the repository: the archive holds all that its tests read, and no address is invented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.documents import from_toml
from bninspect.version import __version__
from tests.pages.schemas.files import FOLDER, SCHEMAS
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = re.compile(r'ROOT / "([^"]+)"')
ADDRESS = re.compile(r"https?://([^/\s)\"'>`]+)")
HOSTS = frozenset({
    "git-lfs.github.com",  # what a pointer file says of itself
    "github.com",  # issues of TensorFlow
    "json-schema.org", "json.schemastore.org",
    "keepachangelog.com", "semver.org", "www.apache.org",
})  # fmt: skip
"""Whose pages exist. The project has no address of its own."""
with (ROOT / "pyproject.toml").open("rb") as stream:
    PROJECT: dict[str, Any] = from_toml(stream)
SDIST = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]
TEXTS = (".cfg", ".css", ".js", ".json", ".md", ".py", ".toml", ".yaml", ".yml")


def texts() -> Iterator[Path]:
    """The files that a user of the package or of the repository reads."""
    for name in SDIST["include"]:
        place = ROOT / name
        if name in ("tests", "fixtures"):
            continue
        yield from [place] if place.is_file() else (path for path in place.rglob("*") if path.suffix in TEXTS)


def test_the_source_archive_holds_what_its_tests_read() -> None:
    included = {*SDIST["include"], "pyproject.toml"}
    read = {
        name.partition("/")[0]
        for path in (ROOT / "tests").rglob("*.py")
        for name in READ.findall(path.read_text(encoding="utf-8"))
        if path != Path(__file__)
    }
    assert read <= included
    assert [name for name in included if not (ROOT / name).exists()] == []


def test_a_development_version_is_called_one() -> None:
    """A version without `.dev` has a section of its own in the changelog."""
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d[^\]]*)\]", log, re.MULTILINE)
    base, dot, _ = __version__.partition(".dev")
    assert (base in released) == (not dot)
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", __version__)


def test_the_schemas_are_part_of_the_package() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SCHEMAS)


@pytest.mark.parametrize("path", sorted(set(texts())), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_address_is_invented(path: Path) -> None:
    found = set(ADDRESS.findall(path.read_text(encoding="utf-8", errors="replace")))
    assert found <= HOSTS


def test_what_to_install_is_named_as_its_index_names_it() -> None:
    """No package of an index is ours, so no remedy says to install bninspect from one."""
    for path in (ROOT / "bninspect").rglob("*.py"):
        assert not re.search(r"pip install [\"']?bninspect", path.read_text(encoding="utf-8")), path
