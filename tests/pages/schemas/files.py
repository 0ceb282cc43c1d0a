"""The schema files that the package ships, as text."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pages.schemas.comparing import DIFF
from tests.pages.schemas.forecasting import FORECAST
from tests.pages.schemas.reading import CHECK, GRAPH, RULE
from tests.pages.schemas.running import PROBE, REFRESH, STRIP
from tests.support.places import ROOT

SCHEMAS = {
    "graph": GRAPH, "probe": PROBE, "check": CHECK, "strip": STRIP, "refresh": REFRESH, "diff": DIFF,
    "rule": RULE, "forecast": FORECAST,
}  # fmt: skip
FOLDER = ROOT / "bninspect" / "render" / "schemas"


def schema_files() -> dict[Path, str]:
    """Path of each file -> its text."""
    return {FOLDER / f"{name}.json": json.dumps(schema, indent=1) + "\n" for name, schema in SCHEMAS.items()}
