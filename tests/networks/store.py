"""Trained networks, each made once per test session however many processes ask for it.

The first process to ask makes the lock, trains into a folder of its own and renames that into place; the
others wait for it. A training that failed leaves its message, so that nobody waits for what does not come.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.networks.digits import Digits, digits, write_pngs
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = ("fused", "decomposed", "if")
"""Three of the networks, one for each way to write batch norm; `designs` names all ten."""
LONGEST = 600.0
"""Seconds that a training may take: about 10 on an idle machine, 80 on one with four times its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One network, frozen. Its image input is `image`, float32 [None, 8, 8, 1]; its output `logits`."""

    kind: str
    path: Path
    """The model with healthy statistics: updated with every step of the training."""
    forgotten: Path
    """The same weights, and statistics that were never updated: 0 and 1."""
    unfinished: Path
    """The same weights, and statistics after `unfinished_steps` updates from 0 and 1."""
    train: Digits
    test: Digits
    layers: tuple[str, ...]
    """Names of the batch norms, in graph order."""
    momentum: float
    steps: int
    """Steps of the training."""
    unfinished_steps: int
    accuracy: Mapping[str, float]
    """On the test images in inference mode: of `healthy`, `forgotten` and `unfinished`, 0 to 1."""
    seconds: float
    """What the training took, without the start of TensorFlow."""
    train_pngs: Path
    """A folder of the training images as 8x8 grey PNGs, for `--preprocess unit`."""
    test_pngs: Path


@contextmanager
def known() -> Iterator[Store]:
    """The networks in the folder BNINSPECT_NETWORKS; else such as are made now, and gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield Store(Path(os.environ.get("BNINSPECT_NETWORKS") or folder))


class Store:
    """Where the networks of one test session are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Trained] = {}

    def network(self, kind: str) -> Trained:
        """The network of one of KINDS, trained now if it is not there yet.

        Raises RuntimeError with the end of the training's log where it failed or took too long.
        """
        if kind not in self._known:
            self._known[kind] = self._loaded(kind, self._made(kind))
        return self._known[kind]

    def _made(self, kind: str) -> Path:
        """The folder of a network, whoever makes it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        place, failed = self._folder / kind, self._folder / f"{kind}.failed"
        try:
            os.close(os.open(self._folder / f"{kind}.lock", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            _wait_for(place, failed)
            return place
        try:
            _train(kind, place)
        except Exception as error:
            failed.write_text(str(error), encoding="utf-8")
            raise
        return place

    def _loaded(self, kind: str, place: Path) -> Trained:
        facts: dict[str, Any] = json.loads((place / "facts.json").read_text(encoding="utf-8"))
        train, test = digits()
        return Trained(
            kind=kind,
            path=place / "healthy.pb",
            forgotten=place / "forgotten.pb",
            unfinished=place / "unfinished.pb",
            train=train,
            test=test,
            layers=tuple(facts["layers"]),
            momentum=facts["momentum"],
            steps=facts["steps"],
            unfinished_steps=facts["unfinished_steps"],
            accuracy=facts["accuracy"],
            seconds=facts["seconds"],
            train_pngs=place / "train",
            test_pngs=place / "test",
        )


def _train(kind: str, place: Path) -> None:
    """Trains in a process of its own; the folder appears whole or not at all."""
    made = place.with_name(f"{kind}.making")
    made.mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.networks.training", kind, str(made)],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"training of network {kind} failed: {ended.stderr[-2000:]}")
    train, test = digits()
    write_pngs(train.images, made / "train")
    write_pngs(test.images, made / "test")
    made.rename(place)


def _wait_for(place: Path, failed: Path) -> None:
    """Returns when another process has put the network in its place."""
    until = time.monotonic() + LONGEST + 60
    while not place.exists():
        if failed.exists():
            raise RuntimeError(failed.read_text(encoding="utf-8"))
        if time.monotonic() > until:
            raise RuntimeError(f"network {place.name} was not there after {LONGEST + 60:g} seconds")
        time.sleep(0.1)
