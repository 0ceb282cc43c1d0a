"""How much taking calls apart may write."""

from __future__ import annotations

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph.functions import lowering
from tests.support.text import graph

CALLED = """
x = Placeholder()
c = PartitionedCall(x, f=@f)
def f(a) -> y=r:y:0
    r = Rsqrt(a)
    s = FusedBatchNormV3(r, r, r, r, r)
"""


@pytest.mark.parametrize(("most", "fits"), [(4, False), (5, True)])
def test_each_call_counts_its_nodes_its_arguments_its_returns_and_itself(
    most: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "_MOST_WRITTEN", most)
    if fits:
        assert "c/s" in graph(CALLED)
        return
    with pytest.raises(GraphDefError, match=f"that they make over {most} nodes"):
        graph(CALLED)
