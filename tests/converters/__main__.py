"""Runs every installed converter on every fixture and case, as it is and stripped, and compares what it made
with the forecast: `python -m tests.converters [--record] [NAME ...]`.

0 if every decided forecast is what was seen, and at most 5 % are unknown. `--record` writes `seen.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bninspect.commands.forecast.trial import PACKAGES, installed_version, missing
from tests.converters.recorded import MOST_UNKNOWN, SEEN, Cell, cells_of, recorded
from tests.converters.trials import Subject, stripped, subjects, tried

Reasons = dict[str, dict[str, str]]
"""Model -> converter -> why the run could not tell what it serves."""


def main(arguments: list[str]) -> int:
    """Prints what disagrees, and counts."""
    names = [name for name in arguments if not name.startswith("--")]
    usable = [name for name in PACKAGES if missing(name) is None]
    for name in PACKAGES.keys() - set(usable):
        print(f"{name} is left out: {missing(name)}", file=sys.stderr)
    found, skipped = subjects(names)
    for name, reason in skipped.items():
        print(f"{name} is left out: {reason}", file=sys.stderr)
    document: dict[str, Any] = {"versions": {name: installed_version(name) for name in usable}, "untold": {}}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"original": found, "stripped": list(stripped(found, Path(folder)))}
        for kind, models in kinds.items():
            record, untold = _seen(models, usable)
            document["untold"] |= untold if kind == "original" else {}
            document[kind] = record
            wrong += _compared(kind, cells_of(record, {one.name: one.report for one in models}))
    if "--record" in arguments:
        if names:
            before = recorded()
            document = {
                "versions": before["versions"],
                **{kind: {**before[kind], **document[kind]} for kind in ("original", "stripped", "untold")},
            }
        SEEN.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _seen(models: list[Subject], usable: list[str]) -> tuple[dict[str, dict[str, str | None]], Reasons]:
    """What each converter made of each model, and why that cannot be told where it cannot."""
    record: dict[str, dict[str, str | None]] = {one.name: {} for one in models}
    untold: Reasons = {}
    for converter in usable:
        for name, one in tried(models, converter).items():
            record[name][converter] = None if one.serves is None else one.serves.value
            if one.serves is None:
                untold.setdefault(name, {})[converter] = str(one.reason)
            if one.reason or one.serves == "other numbers":
                print(f"  {converter} {name}: {one.serves} {one.reason or one.difference}", file=sys.stderr)
    return record, untold


def _compared(kind: str, cells: list[Cell]) -> int:
    """How many forecasts are wrong, or too many unknown."""
    counts = Counter(cell.outcome for cell in cells)
    for cell in cells:
        if cell.outcome == "wrong":
            print(f"{cell.name}: {cell.converter} was forecast {cell.forecast}, and is {cell.seen}")
    share = counts["unknown"] / max(1, len(cells))
    print(f"{kind}: {dict(counts)} of {len(cells)} cells, {share:.1%} unknown", flush=True)
    return counts["wrong"] + (share > MOST_UNKNOWN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
