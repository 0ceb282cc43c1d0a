"""A refresh that is killed, or runs out of disk, leaves the target it found or a whole new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.graphdef import read
from bninspect.graphdef.writer import new_node, serialized
from tests.support.places import ROOT
from tests.support.refreshing import MODEL, part

if TYPE_CHECKING:
    from pathlib import Path

BIG = 24 << 20
"""Bytes of a model that takes a while to write."""


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A model of many megabytes that take part in nothing."""
    graphdef = read(str(MODEL))
    ballast = np.random.default_rng(0).integers(0, 1 << 30, BIG // 4, dtype=np.int32)
    node = new_node("ballast", "Const", (), {"dtype": "int32", "value": ballast})
    path = tmp_path / "big.pb"
    field = b"\x0a" + _varint(node.span.end) + node.span.bytes()
    path.write_bytes(serialized(graphdef) + field)
    return path


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def test_a_killed_refresh_leaves_the_target_or_a_whole_one(big: Path, tmp_path: Path) -> None:
    """Killed at points all over its run: the target is what it was, or what a whole run writes."""
    one, target = part(tmp_path / "one.npz", big), tmp_path / "new.pb"
    arguments = ["refresh", str(big), "-o", str(target), "--merge", one, "--no-check"]
    command = [sys.executable, "-m", "bninspect", *arguments]
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    took = time.monotonic() - started
    whole = target.read_bytes()
    assert len(whole) > BIG
    ends = set()
    for attempt in range(8):
        target.write_bytes(b"mine")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * 0.14 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        held = target.read_bytes()
        assert held in (b"mine", whole)
        ends.add(held == whole)
    assert False in ends
    assert big.stat().st_size > BIG


LIMITED = """
import resource, sys
from bninspect.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits are set as on Unix")
def test_a_full_disk_leaves_the_target_alone(big: Path, tmp_path: Path) -> None:
    one, target = part(tmp_path / "one.npz", big), tmp_path / "out" / "new.pb"
    target.parent.mkdir()
    target.write_bytes(b"mine")
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, "refresh", str(big), "-o", str(target), "--merge", one],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"{target}: File too large" in ended.stderr
    assert target.read_bytes() == b"mine"
    assert [path.name for path in target.parent.iterdir()] == ["new.pb"]
