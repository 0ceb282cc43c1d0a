"""`refresh`: what it writes are the moments of each x in training mode, and the file serves with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tests.generated import running
from tests.generated.numbers import apart, moments_apart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from tests.generated.outcome import Tally
    from tests.generated.truth import Norm

    Facts = Mapping[str, Any]


def hold(tally: Tally, layers: Mapping[int, Facts], folder: Path) -> None:
    """What `refresh` disagrees in, refuses, or leaves alone."""
    truth = tally.truth
    target = folder / "refreshed.pb"
    ended = running.fed(tally, folder, "refresh", "-o", target)
    if ended.code != 0:
        (tally.said if ended.code == 2 else tally.wrong)("refresh", f"exit {ended.code}: {ended.line}")
        return
    held = running.constants(target)
    told = " ".join(ended.out.split())
    done = [_norm(tally, norm, layers, held, told) for norm in truth.norms if norm.stored]
    serving = truth.serving
    if not all(done) or serving is None or truth.refused or truth.flipped:
        return
    given = running.served(target, truth, serving.feed, truth.outputs)
    if isinstance(given, str):
        tally.wrong("refresh", f"the written file does not run: {given}")
        return
    for at, (name, own) in enumerate(zip(truth.outputs, given, strict=True)):
        gap = apart(own, truth.arrays[f"refreshed/{at}"])
        if gap is not None:
            tally.wrong("refresh", f"{name} of the written file {gap}")


def _norm(tally: Tally, norm: Norm, layers: Mapping[int, Facts], held: Mapping[str, Any], told: str) -> bool:
    """Whether the file holds the moments of this layer; one that was left alone has to be named."""
    truth = tally.truth.arrays
    own = held[norm.mean], held[norm.variance]
    old = truth[f"norm/{norm.place}/mean"], truth[f"norm/{norm.place}/variance"]
    if all(np.array_equal(one, other) for one, other in zip(own, old, strict=True)):
        layer = layers.get(norm.place)
        reason = None if layer is None else _reason(told, layer["name"])
        if layer is not None and reason is None:
            tally.wrong("refresh", f"{norm.scope} is as it was, and nothing is said")
        elif reason is not None:
            tally.said("refresh", f"left: {reason}")
        return False
    if norm.loop:
        tally.wrong("refresh", f"{norm.scope} stands in a loop, and was written")
        return False
    gap = moments_apart(own, truth[f"norm/{norm.place}/refreshed"])
    if gap is not None:
        tally.wrong("refresh", f"{norm.scope}: {gap}")
    return gap is None


def _reason(told: str, name: str) -> str | None:
    """What is said of a layer that was left alone."""
    found = re.search(rf"(?:^|[\s,]){re.escape(name)}: ([^.;]*)", told)
    return None if found is None else found[1][:120]
