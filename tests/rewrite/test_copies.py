"""Two graphs in one: what is shared, what is renamed, and loops that split as a whole."""

from __future__ import annotations

from dataclasses import replace

from bninspect.graphdef import GraphDef, NodeDef, Span
from bninspect.graphdef.writer import new_node
from bninspect.rewrite.copies import copies


def _graph(*nodes: NodeDef) -> GraphDef:
    empty = GraphDef(path="m.pb", format="graphdef", size=0, nodes=(), functions={}, producer=None)
    return replace(empty, nodes=nodes)


def _node(name: str, op: str, *inputs: str, **attributes: object) -> NodeDef:
    return new_node(name, op, inputs, attributes)


def _inputs(graph: GraphDef) -> dict[str, tuple[str, ...]]:
    return {node.name: node.inputs for node in graph.nodes}


def test_what_is_the_same_stands_once_and_what_reads_a_difference_twice() -> None:
    shared = (_node("x", "Placeholder"), _node("w", "Const"), _node("y", "Mul", "x", "w"))
    first = _graph(*shared, _node("bn", "A", "y"), _node("z", "Relu", "bn", "^y"), _node("only", "B", "z"))
    second = _graph(*shared, _node("bn", "C", "y"), _node("z", "Relu", "bn", "^y"), _node("new", "D", "w:1"))
    both = copies(first, second, prefix="second")
    assert _inputs(both.graphdef) == {
        "x": (), "w": (), "y": ("x", "w"), "bn": ("y",), "z": ("bn", "^y"), "only": ("z",),
        "second/bn": ("y",), "second/z": ("second/bn", "^y"), "second/new": ("w:1",),
    }  # fmt: skip
    assert both.second("z:0") == "second/z:0"
    assert both.second("y:0") == "y:0"


def test_nodes_kept_apart_can_be_fed_a_value_each() -> None:
    graph = _graph(_node("x", "Placeholder"), _node("phase", "Placeholder"), _node("y", "A", "x", "phase"))
    both = copies(graph, graph, prefix="second", apart={"phase"})
    assert _inputs(both.graphdef)["second/y"] == ("x", "second/phase")


def test_a_prefix_that_is_taken_is_changed() -> None:
    graph = _graph(_node("second/x", "Placeholder"))
    both = copies(graph, graph, prefix="second", apart={"second/x"})
    assert set(_inputs(both.graphdef)) == {"second/x", "second_/second/x"}


def test_a_loop_splits_as_a_whole_into_a_frame_of_its_own() -> None:
    def loop(op: str, *more: NodeDef) -> GraphDef:
        return _graph(
            _node("x", "Placeholder"),
            _node("enter", "Enter", "x", frame_name=b"while"),
            _node("count", "Enter", "x", frame_name=b"while"),
            _node("counted", "Exit", "count"),
            _node("body", op, "enter"),
            _node("exit", "Exit", "body"),
            *more,
        )

    mine = _node("mine", "Enter", "x", frame_name=b"while"), _node("left", "Exit", "mine")
    more = _node("more", "Enter", "x", frame_name=b"while"), _node("right", "Exit", "more")
    both = copies(loop("A", *mine), loop("B", *more), prefix="second")
    frames = {node.name: node.attr("frame_name") for node in both.graphdef.nodes if node.op == "Enter"}
    assert frames == {
        "enter": b"while",
        "count": b"while",
        "mine": b"while",
        "second/enter": b"second/while",
        "second/count": b"second/while",
        "second/more": b"second/while",
    }
    assert _inputs(both.graphdef)["second/counted"] == ("second/count",)


def test_what_is_emptied_by_reading_it_is_not_shared_by_two_loops() -> None:
    def loop(op: str) -> GraphDef:
        return _graph(
            _node("x", "Placeholder"),
            _node("array", "TensorArrayV3", "x"),
            _node("whole", "TensorArrayScatterV3", "array", "x"),
            _node("handle", "Enter", "array", frame_name=b"while"),
            _node("body", op, "handle"),
            _node("exit", "Exit", "body"),
        )

    both = _inputs(copies(loop("A"), loop("B"), prefix="second").graphdef)
    assert both["second/whole"] == ("second/array", "x")
    assert both["second/handle"] == ("second/array",)
    assert set(_inputs(copies(loop("A"), loop("A"), prefix="second").graphdef)) == {
        "x", "array", "whole", "handle", "body", "exit",
    }  # fmt: skip


def test_functions_of_both_stand_in_the_library_once_with_what_else_is_in_it() -> None:
    """The first graph's where both have one of a name; gradients of the first, else of the second."""
    names = {"f": "first", "g": "first"}, {"g": "second", "h": "second"}
    rests = [(Span(b"one", 0, 3),), (Span(b"two", 0, 3),)]
    first, second = (
        replace(_graph(_node("x", "Placeholder")), functions=functions, library_rest=rest)  # type: ignore[arg-type]
        for functions, rest in zip(names, rests, strict=True)
    )
    both = copies(first, second, prefix="second").graphdef
    assert sorted(map(str, both.functions.items())) == ["('f', 'first')", "('g', 'first')", "('h', 'second')"]
    assert both.library_rest == rests[0]
    assert copies(replace(first, library_rest=()), second, prefix="b").graphdef.library_rest == rests[1]
    assert copies(first, replace(second, library_rest=()), prefix="b").graphdef.library_rest == rests[0]
    alone = replace(first, functions={}), replace(second, functions={})
    assert copies(*alone, prefix="b").graphdef.library_rest == ()
