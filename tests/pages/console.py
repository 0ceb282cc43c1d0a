"""The console blocks of the pages: sessions whose commands are run, each block in a folder of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.pages import PAGES
from tests.support.places import ROOT

BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
PROMPT = "$ bninspect "

Session = tuple[str, ...]
"""The commands of one block, in order; what one writes, the next ones can read."""


def commands(block: str) -> Session:
    """The commands of a block, without the prompt and `bninspect`."""
    return tuple(line.removeprefix(PROMPT) for line in block.splitlines() if line.startswith(PROMPT))


def sessions() -> dict[Session, list[tuple[Path, str]]]:
    """The sessions of all pages -> the blocks that show them, each with its page. Pages may share a session,
    which is then run once."""
    shown: dict[Session, list[tuple[Path, str]]] = {}
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            shown.setdefault(commands(block), []).append((page, block))
    return shown


def runs_a_model(session: Session) -> bool:
    """Whether the session needs TensorFlow."""
    return any(
        (command.startswith(("probe ", "strip ", "refresh ")) and "--help" not in command)
        or " --image " in command
        for command in session
    )


@cache
def run(session: Session) -> str:
    """The block as it should stand in a page: every command, and what it prints on both streams at 100
    columns, without the spaces at the ends of lines.

    It runs in a folder that holds the fixtures, and is gone afterwards with what was written.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "fixtures").symlink_to(ROOT / "fixtures")
        return "\n".join(f"{PROMPT}{command}\n{printed(command, Path(folder))}" for command in session)


def printed(command: str, folder: Path = ROOT) -> str:
    """What one command prints; whole lines."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BNINSPECT_")}
    environment |= {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect", *shlex.split(command)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode in (0, 1, 2), ended.stdout
    text = "\n".join(line.rstrip() for line in ended.stdout.splitlines()).strip("\n")
    return f"{text}\n" if text else ""


def renew(page: Path, old: str, new: str) -> None:
    """Puts what was printed in the place of a block."""
    text = page.read_text(encoding="utf-8")
    assert text.count(f"```console\n{old}```\n")
    page.write_text(text.replace(f"```console\n{old}```\n", f"```console\n{new}```\n"), encoding="utf-8")
