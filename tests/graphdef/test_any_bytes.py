"""Any bytes: a Report, or a one-line error that names the file; never another exception, never late.

Noise, noise behind the first bytes of a graph, and every fixture damaged in seeded ways: cut short, bits
turned over, ranges taken out, put in or repeated.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from bninspect.batchnorm import inspect
from bninspect.errors import BninspectError
from bninspect.graph import load
from tests.support.messages import models
from tests.support.places import FIXTURES

SEED = 20_150_211
LATE = 5.0
"""Seconds one small file may take; it takes milliseconds."""
FILES = {path.relative_to(FIXTURES).as_posix(): path for path in models()}
STARTS = [b"", b"\x0a\x0d\x0a\x01x\x12\x08Identity", b"\x08\x01\x12", b'node { name: "x" op: "Relu" ']


def survives(content: bytes, path: Path) -> bool:
    """Whether these bytes give a report; if not, that they give an error as it should be."""
    path.write_bytes(content)
    begun = time.perf_counter()
    try:
        inspect(load(str(path)))
        return True
    except BninspectError as error:
        message = str(error)
        assert message.startswith(f"{path}: "), message
        assert "\n" not in message
        assert len(message) < len(str(path)) + 1100
        return False
    finally:
        assert time.perf_counter() - begun < LATE


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes") / "model.pb"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=400))
def test_noise(start: bytes, rest: bytes, scratch: Path) -> None:
    survives(start + rest, scratch)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from('node{}:"\\x op atr<>[]#\n\0é1.-'), max_size=200))
def test_noise_that_reads_like_text(text: str, scratch: Path) -> None:
    survives(b'node { name: "x" op: "Relu" }\n' + text.encode(), scratch)


@pytest.mark.parametrize("name", FILES)
def test_cut_short(name: str, scratch: Path) -> None:
    """At every one of the first bytes, and at forty places behind them."""
    content = FILES[name].read_bytes()
    drawn = random.Random(f"{SEED} cut {name}")
    for end in [*range(12), *(drawn.randrange(len(content)) for _ in range(40))]:
        survives(content[:end], scratch)
    assert survives(content, scratch)


def damaged(content: bytes, drawn: random.Random) -> bytes:
    """The content with one to four small damages."""
    data = bytearray(content)
    for _ in range(drawn.choice([1, 1, 2, 4])):
        at, size = drawn.randrange(len(data) + 1), drawn.choice([1, 2, 8, 100])
        kind = drawn.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([drawn.randrange(256)])
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << drawn.randrange(8)
        elif kind == 2:
            del data[at : at + size]
        elif kind == 3:
            data[at:at] = drawn.randbytes(size)
        else:
            origin = drawn.randrange(len(data) + 1)
            data[at:at] = data[origin : origin + size]
    return bytes(data)


@pytest.mark.parametrize("name", FILES)
def test_damaged(name: str, scratch: Path) -> None:
    content = FILES[name].read_bytes()
    drawn = random.Random(f"{SEED} damage {name}")
    for _ in range(60):
        survives(damaged(content, drawn), scratch)
