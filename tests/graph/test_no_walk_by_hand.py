"""Whoever walks a graph walks by graph/search, where every walk has a memo and a limit."""

from __future__ import annotations

import ast

import pytest

from tests.support.places import ROOT
from tests.support.worklists import worklists

WALKS_OF_THEIR_OWN = {
    "the walks of all others": """
        graph/search.py: _all inputs_first postorder reach
    """,
    "multiplies out an expression, no deeper than a bound": """
        batchnorm/recognition/algebra.py: Region._expand Region._expanded Region._operand
        batchnorm/recognition/quantization/expansion.py: Expansion._convolved Expansion._expanded
            Expansion._merged Expansion.of
        batchnorm/training/assigns.py: _number
        batchnorm/wiring/arithmetic/blend.py: Blends._product Blends._terms Blends.weight
        batchnorm/wiring/nested.py: _Tree.truth
    """,
    "halves a table, as deep as what decides is many": """
        batchnorm/wiring/opposed.py: _formula
    """,
    "one step: what it comes to asks no further": """
        batchnorm/wiring/conditions.py: Conditions._by_value Conditions.base
        rewrite/edits.py: Edits._waits_for_its_input Edits.controls
    """,
    "as deep as protobuf lets a file nest attributes": """
        graph/functions/library.py: _named
    """,
    "as deep as calls are nested, which flatten bounds": """
        graph/functions/scopes.py: Edges._waits_of Edges.controls
    """,
    "no graph: declarations, JSON, groups of HDF5, folders, settings, documents, runs, numbers": """
        checksum.py: _behind_zeros
        commands/forecast/running/mil.py: _value
        render/page/pictures/modes.py: _planes
        graphdef/schema.py: _declaration
        models/keras/safety.py: check drop_compilation
        models/keras/weights.py: _datasets
        cli/configuration/config.py: _absolute _fits
        commands/paths.py: _expanded _inside
        render/json.py: _written finite
        options.py: checked worded
        run/running.py: Running.values
    """,
}
"""Why a walk is none of graph/search: the files, and the functions in each."""


def test_whoever_walks_a_graph_walks_by_search() -> None:
    """No hand-made worklist, growing list, frontier or recursion besides those of WALKS_OF_THEIR_OWN."""
    package = ROOT / "bninspect"
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")}
    walking = {path.relative_to(package).as_posix(): worklists(tree) for path, tree in trees.items()}
    stated: dict[str, set[str]] = {}
    for word in " ".join(WALKS_OF_THEIR_OWN.values()).split():
        if word.endswith(":"):
            functions = stated.setdefault(word.removesuffix(":"), set())
        else:
            functions.add(word)
    assert {file: found for file, found in walking.items() if found} == stated, "walk by graph/search"


@pytest.mark.parametrize(
    "walk",
    [
        "while stack:\n    node = stack.pop()\n    stack.extend(node.inputs)",
        "for node in found:\n    found.append(node.inputs[0])",
        "while edge:\n    edge = [node.inputs[0] for node in edge]",
        "walks(node.inputs[0])",
        "other(node)\n\ndef other(node):\n    walks(node.inputs[0])",
    ],
)
def test_a_hand_made_walk_is_found(walk: str) -> None:
    first, *rest = walk.split("\n\n")
    body = "\n".join(f"    {line}" for line in first.split("\n"))
    assert "walks" in worklists(ast.parse("\n\n".join([f"def walks(node):\n{body}", *rest])))
