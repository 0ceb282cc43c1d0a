"""Graphs of rings, chains and doubled ways through every command that reads: each ends, and none is a bug."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.measure.companions.companions import judge
from tests.support.places import ROOT
from tests.support.text import graph, graphdef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAMAGED = ROOT / "tests" / "cli" / "damaged"
SOON = 60
"""Seconds for all commands on one graph, each of which takes a small part of one."""
PARTS = """
x = Placeholder(dtype=float, shape=[-1, 4, 4, 2])
flag = Placeholder(dtype=bool, shape=[])
g = Const([1.0, 1.0])
b = Const([0.0, 0.0])
m = Const([0.5, 0.0])
v = Const([1.0, 2.0])
"""
SWITCHED = """
s = Switch(x, PREDICATE, T=float)
on = FusedBatchNormV3(s:1, g, b, m, v, is_training=true, T=float, U=float)
off = FusedBatchNormV3(s, g, b, m, v, is_training=false, T=float, U=float)
both = Merge(off, on, T=float)
out = Identity(both, T=float)
"""
ONE = (
    "Identity", "StopGradient", "CheckNumerics", "Cast", "LogicalNot", "Enter", "Exit", "NextIteration",
    "ReadVariableOp", "Merge", "IdentityN", "AddN", "RefIdentity", "Softmax", "Relu",
    "PlaceholderWithDefault",
)  # fmt: skip
TWO = ("Switch", "Add", "Mul", "Sub", "Reshape", "LogicalAnd", "RealDiv", "Conv2D", "Equal", "Fill")


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """No test of this file hangs."""

    def ring(number: int, frame: object) -> None:
        raise AssertionError(f"not done within {SOON} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SOON)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def everywhere(run: Callable[..., tuple[int, str, str]], path: object, folder: Path) -> None:
    """Runs every command that needs no TensorFlow on the file."""
    out = folder / "out.pb"
    for arguments in (
        ("graph", path),
        ("graph", path, "--layer", "*"),
        ("check", path),
        ("strip", path, "--no-verify", "-o", out),
        ("strip", path, "--no-verify", "--mode", "training", "-o", out),
        ("diff", path, path),
    ):
        code, _, err = run(*arguments)
        assert code in (0, 1, 2), (arguments, err)
        assert code != 2 or arguments[0] == "check" or err.count("\n") == 1
    assert isinstance(inspect(load(str(path))).layers, tuple)


@pytest.mark.parametrize("op", [*ONE, *TWO])
@pytest.mark.parametrize("place", ["PREDICATE", "x", "m", "behind"])
def test_a_ring_of_any_op_ends_every_command(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path, op: str, place: str
) -> None:
    second = ", flag" if op == "Switch" else ", r1" if op in TWO else ""
    ring = f"r0 = {op}(r1{second})\nr1 = {op}(r0{second.replace('r1', 'r0')})\n"
    text = SWITCHED.replace("PREDICATE", "r0" if place == "PREDICATE" else "flag")
    if place == "behind":
        text = text.replace("Identity(both", "Identity(r0") + "r2 = Add(r0, both)\n"
    elif place != "PREDICATE":
        text = text.replace(f"({place}, ", "(r0, ").replace(f", {place}, ", ", r0, ")
    path = tmp_path / "m.pb"
    path.write_bytes(graphdef(PARTS + ring + text).SerializeToString())
    everywhere(command_line, path, tmp_path)


@pytest.mark.parametrize(
    "op", ["Add", "Sub", "Mul", "LogicalAnd", "Switch", "Merge", "RealDiv", "Equal", "Fill"]
)
def test_doubled_ways_end_every_command(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path, op: str
) -> None:
    path = tmp_path / "m.pb"
    for start, place in (("flag", "PREDICATE"), ("v", "v"), ("x", "x")):
        before = [start, *(f"d{number}" for number in range(64))]
        doubled = "".join(f"d{i} = {op}({one}, {one})\n" for i, one in enumerate(before[:-1]))
        text = SWITCHED.replace("PREDICATE", "d63" if place == "PREDICATE" else "flag")
        text = text if place == "PREDICATE" else text.replace(f", {place},", ", d63,").replace("(x,", "(d63,")
        path.write_bytes(graphdef(PARTS + doubled + text).SerializeToString())
        everywhere(command_line, path, tmp_path)


@pytest.mark.parametrize(
    "name",
    ["ring_of_identities.pb", "rate_of_doubled_differences.meta", "rate_of_chained_differences.meta"],
)
def test_cases_end_every_command(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path, name: str
) -> None:
    everywhere(command_line, DAMAGED / name, tmp_path)


def test_pivots_and_idle_nodes_in_rings_end_strip(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    text = PARTS + SWITCHED.replace("PREDICATE", "flag").replace(
        "m, v, is_training=true", "m, v, ^p0, ^idle, is_training=true"
    ).replace("Identity(both", "Identity(both, ^idle")
    text += "p0 = Identity(p1, ^p0, T=bool)\np1 = Identity(p0, T=bool)\n"
    text += "idle = NoOp(^more)\nmore = NoOp(^idle, ^on)\n"
    path = tmp_path / "m.pb"
    path.write_bytes(graphdef(text).SerializeToString())
    everywhere(command_line, path, tmp_path)


def test_the_output_behind_a_ring_is_itself() -> None:
    ring = graph("a = Identity(b)\nb = Identity(a)\nc = ArgMax(d, a)\nd = Softmax(b)\ne = Identity(c)")
    assert judge(ring.node("a").output()) == ring.node("a").output()
    assert judge(ring.node("e").output()) == ring.node("d").output()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("function_for_a_type.pb", "damaged: attribute T of 'output' is a function, where a type belongs"),
        (
            "switch_with_one_input.pb",
            "damaged: Switch 'bn/cond/FusedBatchNormV3_1/Switch_1' has 1 of its 2 inputs",
        ),
    ],
)
def test_damage_is_one_line_with_the_node(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path, name: str, told: str
) -> None:
    path = DAMAGED / name
    for arguments in (
        ("graph", path),
        ("strip", path, "--no-verify", "-o", tmp_path / "o.pb"),
        ("diff", path, path),
    ):
        assert command_line(*arguments) == (2, "", f"bninspect: {path}: {told}\n")


def test_a_count_of_steps_below_zero_is_none(command_line: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = command_line("check", DAMAGED / "negative_step" / "model.ckpt-0.meta")
    assert code == 0
    assert "BN304" in out
    assert "how many steps were made is not known" in out
