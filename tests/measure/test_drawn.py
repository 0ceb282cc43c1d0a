"""Which outputs hang on numbers drawn inside a function: these cannot be compared run by run."""

from __future__ import annotations

from bninspect.measure.verify import drawn_inside_functions
from tests.support.catching import fused
from tests.support.parts import STORED, report

DRAWS = """
shape = Const([3])
def noise(a) -> r=sum:y:0
    drawn = RandomUniform(a, T=int32, dtype=float)
    sum = Rsqrt(drawn:output:0, T=float)
def plain(a) -> r=same:y:0
    same = Rsqrt(a, T=float)
inside = PartitionedCall(shape, f=@noise)
beside = PartitionedCall(y, f=@plain)
outside = RandomUniform(shape, T=int32, dtype=float)
of_both = AddV2(inside, outside)
of_plain = AddV2(beside, outside)
"""


def test_only_what_is_drawn_inside_a_function_is_unsure() -> None:
    found = report(STORED + fused() + DRAWS)
    tensors = {name: found.graph.node(name).output() for name in ("outside", "of_both", "of_plain", "y")}
    called = {tensor.name: tensor for tensor in found.outputs}
    assert any(node.functions and node.op == "Rsqrt" for node in found.graph)
    unsure = drawn_inside_functions(found, [*tensors.values(), *called.values()])
    assert tensors["of_both"] in unsure
    assert not {tensors["outside"], tensors["y"], tensors["of_plain"]} & unsure
    without = report(STORED + fused() + "drawn = RandomUniform(beta, T=int32, dtype=float)\n")
    assert drawn_inside_functions(without, list(without.outputs)) == set()
