"""Every fix that `check` prints for a model, executed in a folder of its own; whether the finding is gone."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.cli import run
from bninspect.commands.check.one_model import Settings, check
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.placeholders import placeholders
from bninspect.models.open import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_IMAGES = 8
_SIZE = 32
OURS = "bninspect "
"""How a fix begins that is a command of ours; all others say in words what is to be done."""

NOT_RUN = {
    "huge_placeholder.pb": "one image of it takes 10 GiB",
    "while_endless.pb": "its loop never ends: refresh writes the model, and its look at it does not return",
}
"""Models of which the fix that runs them is not tried."""


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """One fix, and what became of it."""

    model: str
    codes: tuple[str, ...]
    """Of the findings that print it."""
    fix: str
    code: int
    """The exit code."""
    said: str
    """What it wrote to standard error."""
    left: tuple[str, ...]
    """The codes that are still found in what it wrote."""
    needs_data: bool
    """It was run on random numbers, as nobody has its data here."""

    @property
    def works(self) -> bool:
        """Whether it ended well and the findings are gone."""
        return self.code == 0 and not self.left


@contextlib.contextmanager
def beside(model: Path, folder: Path) -> Iterator[str]:
    """The model's name in a folder where whatever stands beside it is linked; that folder is the current one
    until the block ends.
    """
    for neighbour in model.parent.iterdir():
        (folder / neighbour.name).symlink_to(neighbour.resolve())
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield model.name
    finally:
        os.chdir(before)


def fixes(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Every fix that a check of the model prints -> the codes of the findings that print it."""
    printed: dict[str, list[str]] = {}
    for one in check(settings).found:
        printed.setdefault(one.finding.fix or "", []).append(one.finding.code)
    return {fix: tuple(dict.fromkeys(codes)) for fix, codes in printed.items()}


def execute(fix: str, codes: Sequence[str], settings: Settings, *, verify: bool = True) -> Fixed:
    """The fix run in the current folder, and the model that it wrote checked again. Data that we do not have
    is replaced by random numbers. Without `verify`, a strip does not load TensorFlow.
    """
    words = shlex.split(fix)[1:]
    needs_data = "DIR" in words or any("=@" in word for word in words)
    words = list(_with_data(words, settings.path))
    if words[0] == "strip" and not verify:
        words.append("--no-verify")
    code, said = _run(words)
    if code == 2 and "leaves height and width free" in said:
        code, said = _run([*words, "--size", f"{_SIZE}x{_SIZE}"])
    left: tuple[str, ...] = ()
    if code == 0:
        target = words[words.index("-o") + 1]
        again = check(replace(settings, path=target, outputs=()))
        found = {one.finding.code for one in again.found}
        left = (again.error,) if again.error else tuple(one for one in codes if one in found)
    return Fixed(
        model=settings.path,
        codes=tuple(codes),
        fix=fix,
        code=code,
        said=said,
        left=left,
        needs_data=needs_data,
    )


def _run(words: Sequence[str]) -> tuple[int, str]:
    """(exit code, standard error) of a command line."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        code = run(words)
    return code, errors.getvalue()


def _with_data(words: Sequence[str], model: str) -> Iterator[str]:
    """The words with random images in place of `--image DIR`, and arrays of ours for those to be fed."""
    previous = ""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "--image" and after == "DIR":
            yield "--random"
        elif word == "DIR" and previous == "--image":
            yield str(_IMAGES)
        else:
            if previous == "--feed" and "=@" in word:
                _make(word, model)
            yield word
        previous = word


def _make(feed: str, model: str) -> None:
    """Writes the array of `x=@x.npy`: values that fit the placeholder."""
    name, _, file = feed.partition("=@")
    report = inspect(load(model))
    [place] = [
        place
        for place in placeholders(report.graph, set(report.graph))
        if place.name.removesuffix(":0") == name
    ]
    shape = [_IMAGES if size is None else size for size in place.shape or ()]
    random = np.random.default_rng(0)
    kind = np.dtype(NUMPY[place.dtype])
    values = random.normal(size=shape) if kind.kind == "f" else np.zeros(shape)
    np.save(file, values.astype(kind))
