"""What the scripts of this folder measured: `recorded/NAME.json`, which the tables of docs are written from.

python -m tests.networks.certainty     writes certainty.json
python -m tests.networks.few_images    writes few_images.json
python -m tests.networks.priors        writes priors.json
python -m tests.pages                  writes the tables
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recorded")
_FLAT = re.compile(r"\[[^][{}]*]")
"""A list of numbers, which takes one line."""


def read(name: str) -> dict[str, Any]:
    """What was measured last under this name."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def write(name: str, found: dict[str, Any]) -> None:
    """Keeps what was measured under this name."""
    FOLDER.mkdir(exist_ok=True)
    text = _FLAT.sub(lambda match: " ".join(match[0].split()), json.dumps(found, indent=1))
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
