"""What `building` wrote of one network: the truth that TensorFlow and NumPy told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """One batch norm at one call."""

    place: int
    scope: str
    kind: str
    x: str
    """Tensors, by name."""
    y: str
    mean: str
    """Variables, by name."""
    variance: str
    gamma: str | None
    beta: str | None
    epsilon: float
    channels: int
    loop: bool
    """Whether it stands in the body of a loop, where its x cannot be fetched."""
    stored: bool
    """Whether the file holds its statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One value of everything that decides a mode."""

    feed: Mapping[str, Any]
    training: tuple[bool | None, ...]
    """Of each batch norm; None in a loop."""
    mixes: bool
    """Whether the output of the first image depends on the others."""


class Truth:
    """One graph, its facts and its numbers."""

    def __init__(self, path: Path) -> None:
        """`path`: the .pb, which has the .json and the .npz beside it."""
        self.path = path
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self.seed, self.design, self.notes = facts["seed"], facts["design"], tuple(facts["notes"])
        self.refused: str | None = facts["refused"]
        self.images, self.inputs, self.outputs = facts["images"], facts["inputs"], facts["outputs"]
        self.sources: Mapping[str, list[Any]] = facts["sources"]
        self.norms = tuple(Norm(place=at, **one) for at, one in enumerate(facts["norms"]))
        self.combinations = tuple(
            Combination(feed=one["feed"], training=tuple(one["training"]), mixes=one["mixes"])
            for one in facts["combinations"]
        )

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """`training/K`, `inference/K`, `refreshed/K` of output K; of batch norm K `norm/K/...` mean,
        variance, own, deployed, refreshed, gap; `feed/INPUT`.
        """
        with np.load(self.path.with_suffix(".npz")) as held:
            return dict(held)

    def modes(self, norm: Norm) -> tuple[bool, ...]:
        """Whether it trains, combination by combination."""
        return tuple(bool(one.training[norm.place]) for one in self.combinations)

    @property
    def serving(self) -> Combination | None:
        """The combination in which all that can serve does; None where there is none."""
        always = [norm.place for norm in self.norms if not norm.loop and all(self.modes(norm))]
        for one in self.combinations:
            if not any(trains for at, trains in enumerate(one.training) if at not in always):
                return one
        return None

    @property
    def fixed(self) -> bool:
        """Whether nothing that is fed decides any mode, so that the file serves one alone."""
        return all(len(set(self.modes(norm))) == 1 for norm in self.norms if not norm.loop)

    @property
    def flipped(self) -> bool:
        """Whether a batch norm trains whatever is fed, though the file holds its statistics: its inference
        mode is that of no combination.
        """
        return any(all(self.modes(norm)) and norm.stored for norm in self.norms if not norm.loop)

    @property
    def draws(self) -> bool:
        """Whether a dropout stands behind the outputs."""
        return "dropout" in self.notes


def read(folder: Path, seeds: range | None = None) -> list[Truth]:
    """All truths of a folder, or those of some seeds, in order."""
    found = [Truth(path) for path in sorted(folder.glob("*.pb"))]
    return [truth for truth in found if seeds is None or truth.seed in seeds]
