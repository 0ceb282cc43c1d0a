"""A short search, so that the tool itself works: the same seed makes the same mutants."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import KINDS, seeds
from tests.fuzz.trial import trial

if TYPE_CHECKING:
    from pathlib import Path


def test_there_are_seeds_of_every_kind() -> None:
    assert {seed.kind for seed in seeds()} == set(KINDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "hdf5"])
def test_a_few_mutants_are_survived(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # and back
    chosen = [seed for seed in seeds() if seed.kind == kind]
    generator = random.Random(0)
    for number in range(8):
        seed = generator.choice(chosen)
        folder = tmp_path / str(number)
        folder.mkdir()
        found = trial(mutant(seed, folder, generator), seed.path, tmp_path)
        assert found.fault is None, found.told


def test_a_seed_makes_the_same_mutants(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        generator = random.Random(7)
        seed = generator.choice([seed for seed in seeds() if seed.kind == "graphdef"])
        made.append(mutant(seed, tmp_path / name, generator).read_bytes())
    assert made[0] == made[1]
