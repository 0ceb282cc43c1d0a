"""What the pages name is there: other pages, options, files; and each page can be reached."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from bninspect.cli.commands import COMMANDS
from bninspect.cli.configuration.config import find
from bninspect.errors import BninspectError
from tests.pages import DOCS, PAGES, README
from tests.pages.console import BLOCK, Session, commands
from tests.support.places import ROOT
from tests.test_architecture import LAYERS

CODE = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)")
ENTRY = re.compile(r"^  (\w+(?:/|\.py)) +(.*)$", re.MULTILINE)
"""A line of the tree in design.md: a room or a module, and what is told of it."""
PATH = re.compile(r"`([\w./]*\w(?:\.(?:py|pb|md|yml)|(?=/`)))/?`")
"""A file or a folder, as a page names it."""


def anchors(page: Path) -> set[str]:
    """What `#...` may name in a page: its headings as GitHub and MkDocs write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target in PAGES or (target.suffix == ".html" and target.is_file()), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_found() -> None:
    """From the README or the first page."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert [page for page in PAGES if page not in linked | {README}] == []


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds(tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--quiet",
            "--site-dir",
            str(tmp_path / "site"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "site" / "rules" / "BN101" / "index.html").is_file()


def parts(page: Path) -> tuple[int, list[Session]]:
    """How many sections a page has, and its sessions."""
    text = page.read_text(encoding="utf-8")
    return len(re.findall(r"^## ", text, re.MULTILINE)), [commands(block) for block in BLOCK.findall(text)]


def test_translations_have_the_parts_of_their_page() -> None:
    """Both first steps have an installation, and lack the two networks that only illustrate."""
    assert parts(DOCS / "zh-CN" / "questions.md") == parts(DOCS / "questions.md")
    assert parts(DOCS / "zh-TW" / "questions.md") == parts(DOCS / "questions.md")
    assert parts(DOCS / "zh-CN" / "index.md") == parts(DOCS / "zh-TW" / "index.md")
    assert set(parts(DOCS / "zh-TW" / "index.md")[1]) <= set(parts(DOCS / "index.md")[1])


def options_of(name: str) -> set[str]:
    """The options of a command."""
    command = import_module(COMMANDS[name].module).command
    return {"-h", "--help"}.union(*(option.opts for option in command.params))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_named_in_a_sentence_exist(page: Path) -> None:
    """Of the command they stand behind, or of any."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    every = {"--version"}.union(*(options_of(name) for name in COMMANDS))
    for code in CODE.findall(text):
        words = code.split()
        asked = [word for word in words if word.startswith("-") and word.strip("-")]
        if len(words) > 1 and words[0] == "bninspect" and words[1] in COMMANDS:
            assert set(asked) <= options_of(words[1]), code
        elif words[0].startswith("--"):
            assert words[0] in every, code


def test_every_key_of_a_model_is_documented(tmp_path: Path) -> None:
    """Of those that the refusal of another one lists."""
    (tmp_path / "bninspect.toml").write_text('[[models]]\npath = "a.pb"\nnone = 1\n', encoding="utf-8")
    with pytest.raises(BninspectError, match="unknown key 'none'") as refused:
        find(tmp_path)
    keys = str(refused.value).rpartition("there are ")[2].split(", ")
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_tree_of_the_architecture_is_that_of_the_package() -> None:
    """Its rooms and modules in the order in which imports run, and what is told to be in them."""
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    entries = [(name, told) for name, told in ENTRY.findall(text) if name != "__init__.py"]
    assert [re.sub(r"/|\.py", "", name) for name, _ in entries] == [*reversed(LAYERS)]
    for name, told in entries:
        for part in re.findall(r"\w+/|\w+\.py", told):
            assert list((ROOT / "bninspect" / name).rglob(part.rstrip("/"))), f"{name}: {part}"


@pytest.mark.parametrize("page", [DOCS / "design.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    """From the root or from `bninspect/`; another short name stands for one path of the package."""
    package = ROOT / "bninspect"
    for name in PATH.findall(page.read_text(encoding="utf-8")):
        if not (ROOT / name).exists() and not (package / name).exists():
            short = [path for path in package.rglob(Path(name).name) if str(path).endswith(f"/{name}")]
            assert len(short) == 1, f"{name}: {short}"
