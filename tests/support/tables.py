"""The two tables that say what models hold: of the fixtures, and of a corpus of other people's models."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

FORMS = ("fused", "decomposed", "global")
_CLAIM = re.compile(r"training when ((?:`\w+`=\w+(?:, )?)+)")
_TRUE = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a table says of one file."""

    file: str
    text: str
    """What it shows, in words."""
    layers: dict[str, int]
    """Count by form; of lookalikes by kind; of `unrecognised`."""
    mode: str
    default: str
    """What feeding nothing serves; `-` where that says nothing."""
    runs: str

    @property
    def modes(self) -> dict[str, int]:
        """Count by mode."""
        counts = {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", self.mode)}
        total = sum(number for form, number in self.layers.items() if form in FORMS)
        return counts or ({self.mode: total} if total and self.mode != "-" else {})

    @property
    def training_when(self) -> dict[str, bool]:
        """Source -> the value that the text says sends its layers to training."""
        claim = _CLAIM.search(self.text)
        pairs = re.findall(r"`(\w+)`=(\w+)", claim.group(1)) if claim else []
        return {name: _TRUE[value] for name, value in pairs}


def fixtures() -> list[Row]:
    """The rows of `fixtures/README.md`."""
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    lines = [line.strip().strip("|") for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    start = next(index for index, row in enumerate(cells) if row[0] == "file")
    columns = cells[start]
    rows = [dict(zip(columns, row, strict=True)) for row in cells[start + 1 :]]
    return [
        Row(
            file=row["file"].strip("`"),
            text=row["what it shows"],
            layers=_counts(row["layers"]),
            mode=row["mode"],
            default=row["default"],
            runs=row["runs"],
        )
        for row in rows
    ]


def corpus(folder: Path) -> list[Row]:
    """The rows of a corpus's MANIFEST.tsv."""
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    found = []
    for row in rows:
        mode, _, default = row["mode"].partition(", default ")
        found.append(
            Row(
                file=row["file"],
                text=row["what it is"],
                layers=_counts(row["layers"]),
                mode=mode or "-",
                default=default or "-",
                runs="-",
            )
        )
    return found


def _counts(text: str) -> dict[str, int]:
    """`2 fused, 1 decomposed` or `none; 1 layer_norm` as counts."""
    return {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", text)}


def counts(report: Report) -> dict[str, int]:
    """What a report holds, counted as the tables count it."""
    found: dict[str, int] = {}
    names = [layer.form.value for layer in report.layers]
    names += [lookalike.kind for lookalike in report.lookalikes]
    for name in names + ["unrecognised"] * len(report.unrecognised):
        found[name] = found.get(name, 0) + 1
    return found


def modes(report: Report) -> dict[str, int]:
    """The layers of a report by mode."""
    found: dict[str, int] = {}
    for layer in report.layers:
        found[layer.mode.value] = found.get(layer.mode.value, 0) + 1
    return found
