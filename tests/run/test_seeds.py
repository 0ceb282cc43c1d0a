"""Numbers that random ops draw depend on their name, or the seeds of the file, and on the run alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graphdef.reader import records
from bninspect.run.program import Program
from bninspect.run.running import Running, each
from bninspect.run.seeds import NUMBER, seeded
from tests.support.text import graphdef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef

SHAPE = "shape = Const([64, 3])\n"
LINES = {
    "RandomUniform": "drop = RandomUniform(shape, T=int32, dtype=float)",
    "RandomStandardNormal": "drop = RandomStandardNormal(shape, T=int32, dtype=float)",
    "TruncatedNormal": "drop = TruncatedNormal(shape, T=int32, dtype=float)",
    "RandomUniformInt": (
        "low = Const(0)\nhigh = Const(9999)\ndrop = RandomUniformInt(shape, low, high, T=int32, Tout=int32)"
    ),
    "ParameterizedTruncatedNormal": (
        "zero = Const([0.0])\none = Const([1.0])\nlow = Const([-2.0])\nhigh = Const([2.0])\n"
        "drop = ParameterizedTruncatedNormal(shape, zero, one, low, high, T=int32, dtype=float)"
    ),
    "Multinomial": (
        "row = Const([0.1, 0.2, 0.3, 0.4])\naxis = Const(0)\nmany = Const(64)\n"
        "likely = ExpandDims(row, axis, T=float, Tdim=int32)\n"
        "drop = Multinomial(likely, many, T=float, output_dtype=int64)"
    ),
    "RandomGamma": "alpha = Const([2.0])\ndrop = RandomGamma(shape, alpha, S=int32, T=float)",
    "RandomPoissonV2": (
        "rate = Const([9.0])\ndrop = RandomPoissonV2(shape, rate, S=int32, R=float, dtype=float)"
    ),
    "RandomShuffle": (
        "start = Const(0)\nend = Const(64)\nstep = Const(1)\n"
        "rows = Range(start, end, step, Tidx=int32)\ndrop = RandomShuffle(rows, T=int32)"
    ),
}  # fmt: skip
STATELESS = (
    "Multinomial", "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "TruncatedNormal",
)  # fmt: skip


def _drawing(op: str = "RandomUniform", *, seeds: str = "", name: str = "drop") -> GraphDef:
    line = LINES[op].replace(")", f"{seeds})") if seeds else LINES[op]
    line = line.replace("drop = ", f"{name} = ")
    return records(graphdef(f"{SHAPE}{line}\n").SerializeToString(), "text")


def _drawn(runs: int = 1, **asked: Any) -> list[NDArray[Any]]:
    """What the first runs of a session draw."""
    with _running(**asked) as running:
        return [running.run(["drop:0"], {})[0] for _ in range(runs)]


def _running(**asked: Any) -> Running:
    name = asked.get("name", "drop")
    program = Program.of(_drawing(**asked), [f"{name}:0"], originals=asked.get("originals"))
    return Running(program)


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", sorted(LINES))
def test_every_session_draws_the_same_and_every_run_others(op: str) -> None:
    first, second = _drawn(2, op=op)
    again, _ = _drawn(2, op=op)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", sorted(LINES))
def test_anew_gives_the_first_numbers_once_more(op: str) -> None:
    with _running(op=op) as running:
        first, _ = (running.run(["drop:0"], {})[0] for _ in range(2))
        running.anew()
        np.testing.assert_array_equal(running.run(["drop:0"], {})[0], first)


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", STATELESS)
def test_what_has_no_state_draws_the_numbers_of_any_run(op: str) -> None:
    """In the session that is open; a run that failed counts for nothing."""
    _, second = _drawn(2, op=op)
    with _running(op=op) as running:
        running.number = 1
        np.testing.assert_array_equal(running.run(["drop:0"], {})[0], second)
        session = running._session
        running.anew()
        assert running._session is session


DEAD = """
no = Const(false)
branches = Switch(shape, no, T=int32)
dead = Identity(branches:1, T=int32)
"""


@pytest.mark.tensorflow
def test_a_run_that_lost_a_tensor_draws_the_numbers_of_its_own() -> None:
    """As a process that begins with the third batch must: it draws what one that ran all of them draws."""
    *_, third, fourth = _drawn(4)
    text = f"{SHAPE}{LINES['RandomUniform']}\n{DEAD}"
    given = records(graphdef(text).SerializeToString(), "text")
    with Running(Program.of(given, ["drop:0", "dead:0"])) as running:
        running.number = 2
        drop, dead = each(["drop:0", "dead:0"])
        np.testing.assert_array_equal(running.values([drop, dead], {})[drop][0], third)
        assert dead.fate in running.lost
        np.testing.assert_array_equal(running.values([drop, dead], {})[drop][0], fourth)


@pytest.mark.tensorflow
def test_the_numbers_are_those_of_the_distribution() -> None:
    (normal,), (uniform,) = _drawn(op="RandomStandardNormal"), _drawn(op="RandomUniform")
    assert abs(normal.mean()) < 0.3  # 192 values: a standard error of 0.07
    assert abs(normal.std() - 1) < 0.25
    assert 0 <= uniform.min() < 0.1 < 0.9 < uniform.max() < 1


def _key(given: GraphDef) -> Any:
    """What the seed of the one random op is made of."""
    (key,) = (node for node in given.nodes if node.name.endswith("/bninspect_key"))
    return key.attr("value").array().tolist()


def test_a_copy_draws_what_its_original_draws() -> None:
    original = _key(seeded(_drawing(name="drop/uniform")))
    copy = _drawing(name="inference/drop/uniform")
    assert _key(seeded(copy, {"inference/drop/uniform": "drop/uniform"})) == original
    assert _key(seeded(_drawing(name="other/uniform"))) != original


@pytest.mark.parametrize("seeds", [", seed=7", ", seed2=3", ", seed=7, seed2=3"])
def test_seeds_of_the_file_decide(seeds: str) -> None:
    """As TensorFlow has it, two ops of the same seeds draw the same."""
    first, second = (_key(seeded(_drawing(seeds=seeds, name=name))) for name in ("one", "two"))
    assert first == second
    assert first != _key(seeded(_drawing(name="one")))
    assert first != _key(seeded(_drawing(seeds=", seed=8", name="one")))


def test_seeds_of_the_file_stay_where_there_is_state() -> None:
    (node,) = (node for node in seeded(_drawing("RandomShuffle")).nodes if node.name == "drop")
    assert node.attr("seed", 0) != 0
    text = f"{SHAPE}{LINES['RandomShuffle']}".replace("T=int32)", "T=int32, seed=7)")
    given = records(graphdef(text).SerializeToString(), "text")
    (node,) = (node for node in seeded(given).nodes if node.name == "drop")
    assert (node.attr("seed"), node.attr("seed2", 0)) == (7, 0)


LOOP = """
shape = Const([3])
enter = Enter(shape, T=int32, frame_name="turns")
turn = Merge(enter, next, T=int32, N=2)
drop = RandomUniform(turn, T=int32, dtype=float)
next = NextIteration(turn, T=int32)
"""


def test_what_is_drawn_in_a_loop_keeps_its_state() -> None:
    """It draws other numbers in every turn, and may read nothing that stands outside."""
    nodes = {node.name: node for node in seeded(records(graphdef(LOOP).SerializeToString(), "m")).nodes}
    assert (nodes["drop"].op, nodes["drop"].inputs) == ("RandomUniform", ("turn",))
    assert nodes["drop"].attr("seed", 0) != 0


def test_what_draws_nothing_is_left_alone() -> None:
    given = records(graphdef(SHAPE).SerializeToString(), "text")
    assert seeded(given) is given
    drawing = _drawing()
    assert [node for node in seeded(drawing).nodes if node.name == "shape"] == [drawing.nodes[0]]
    assert seeded(drawing).nodes[0].name == NUMBER
