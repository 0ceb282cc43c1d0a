"""All commands on all graphs of a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.generated.holding import graph, probe, refresh, strip
from tests.generated.outcome import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.generated.truth import Truth


def hold(truths: Iterable[Truth]) -> Iterator[Tally]:
    """What came of each graph."""
    with tempfile.TemporaryDirectory(prefix="generated-") as name:
        folder = Path(name)
        for truth in truths:
            for file in folder.iterdir():
                file.unlink()
            tally = Tally(truth=truth)
            layers = graph.hold(tally)
            if layers:
                probe.hold(tally, layers, folder)
                strip.hold(tally, folder)
                refresh.hold(tally, layers, folder)
            yield tally
