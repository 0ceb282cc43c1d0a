"""What decides the layers of every fixture, and which of its values serve a mode: a golden listing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import load
from bninspect.rewrite.serving import deciders, mode_under
from tests.support.fixtures import FROZEN
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.rewrite.serving import Decider


def facts(decider: Decider) -> list[str]:
    """Its values, those that serve each mode, and what is fed."""
    layers = ", ".join(layer.name for layer in decider.layers)
    lines = [f"  {decider.tensor.name} of {layers}: {list(decider.values)}"]
    if decider.is_constant:
        lines.append("    is constant")
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        serving, fed = decider.serving(mode), decider.to_feed(mode)
        wanted = ", ".join(f"{one.name} {value}" for one, value in decider.wanted(mode))
        lines.append(f"    {mode.value}: {list(serving)}, fed {list(fed)}, wants {wanted}")
    for value in decider.values:
        given = {one.name: array.tolist() for one, array in decider.arrays(value).items()}
        modes = [mode_under(layer, {decider.tensor: value}) for layer in decider.layers]
        words = ", ".join("open" if mode is None else mode.value for mode in modes)
        lines.append(f"    {value} is {given}: {words}")
    return lines


def lines(file: str) -> list[str]:
    report = inspect(load(str(FIXTURES / file)))
    found = [line for decider in deciders(report) for line in facts(decider)]
    return [file, *found] if found else []


def test_what_decides_and_what_serves(expected: Callable[[str, str], None]) -> None:
    found = [line for file in FROZEN for line in lines(file)]
    expected("deciders.txt", "\n".join(found) + "\n")
