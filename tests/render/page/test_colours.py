"""Colours that must be told apart are, by those who see no difference of red and green, too.

What such eyes see is simulated by the matrices of Machado, Oliveira & Fernandes 2009 ("A physiologically-
based model for simulation of color vision deficiency", severity 1), in linear RGB; distances are those of
CIE Lab.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from bninspect.render.page.document import style

EYES = {
    "usual": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TOGETHER = (("train", "infer"), ("error", "fine-soft", "warn-soft"))
"""Colours that stand for different things in one picture; what is not judged has a dashed border and none."""
APART = 20.0
"""Distance in Lab from which two colours are plainly different; 2.3 is the least that is seen at all."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark scheme."""
    light, dark = re.findall(r":root \{\s*(.*?)\s*\}", style(), re.DOTALL)[:2]
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))
        for name, text in (("light", light), ("dark", dark))
    }


def lab(colour: str, eyes: object) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(TO_XYZ @ np.clip(np.asarray(eyes) @ linear, 0, 1) / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_told_apart(scheme: str, eyes: str) -> None:
    colours = schemes()[scheme]
    for names in TOGETHER:
        for one, other in combinations(names, 2):
            apart = np.linalg.norm(lab(colours[one], EYES[eyes]) - lab(colours[other], EYES[eyes]))
            assert apart > APART, f"{one} and {other} are {apart:.0f} apart"
