"""`strip`: the written file, run as its users will, gives what TensorFlow gave in inference mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.generated import running
from tests.generated.numbers import apart

if TYPE_CHECKING:
    from pathlib import Path

    from tests.generated.outcome import Tally


def hold(tally: Tally, folder: Path) -> None:
    """What `strip` disagrees in, or refuses."""
    truth = tally.truth
    target = folder / "stripped.pb"
    ended = running.fed(tally, folder, "strip", "-o", target)
    if ended.code != 0:
        (tally.said if ended.code == 2 else tally.wrong)("strip", f"exit {ended.code}: {ended.line}")
        return
    serving = truth.serving
    given = running.served(target, truth, {} if serving is None else serving.feed, truth.outputs)
    if isinstance(given, str):
        tally.wrong("strip", f"the written file does not run: {given}")
        return
    for at, (name, own) in enumerate(zip(truth.outputs, given, strict=True)):
        gap = apart(own, truth.arrays[f"inference/{at}"])
        if gap is not None:
            tally.wrong("strip", f"{name} of the written file {gap}")
    for line in ended.out.splitlines():
        if line.startswith(("not verified", "not compared")):
            tally.said("strip", line)
