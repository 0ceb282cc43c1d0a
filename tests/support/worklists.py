"""Hand-made walks, told by how a function is written: a worklist, a growing list, a frontier, a recursion.

    while stack:                    for place in found:            while edge:
        place = stack.pop()             found.append(...)              ahead = ...
        stack.append(...)                                              edge = ahead

and a function that calls itself, be it through others of its file. A walk over a graph belongs to
`bninspect.graph.search`, which has a memo.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROWING = frozenset({"append", "extend", "add", "appendleft", "update", "insert"})
_SHRINKING = frozenset({"pop", "popleft", "popitem"})


def worklists(tree: ast.Module) -> set[str]:
    """Names of the functions (`Class.method` of a class) that hold a walk of their own."""
    functions = dict(_functions(tree))
    walking = {name for name, function in functions.items() if any(map(_walks, ast.walk(function)))}
    return walking | _recursive(functions)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods of a file; one inside another is part of that."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef)
            )


def _walks(node: ast.AST) -> bool:
    if isinstance(node, ast.While):
        frontier = isinstance(node.test, ast.Name) and node.test.id in _assigned(node)
        return frontier or bool(_changed(node, _SHRINKING) & _changed(node, _GROWING))
    if isinstance(node, ast.For):
        return ast.unparse(node.iter) in _changed(node, _GROWING)
    return False


def _changed(loop: ast.AST, methods: frozenset[str]) -> set[str]:
    """What one of these methods is called of inside a loop."""
    return {
        ast.unparse(node.func.value)
        for node in ast.walk(loop)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods
    }


def _assigned(loop: ast.While) -> set[str]:
    """Names that the body of a loop gives another value by a plain assignment."""
    plain = [node for node in ast.walk(loop) if isinstance(node, ast.Assign)]
    return {target.id for node in plain for target in node.targets if isinstance(target, ast.Name)}


def _recursive(functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The functions that lead back to themselves through calls within the file."""
    calls = {name: set(_called(name, function)) & set(functions) for name, function in functions.items()}
    reached = {name: set(found) for name, found in calls.items()}
    for through in functions:
        for found in reached.values():
            if through in found:
                found |= reached[through]
    return {name for name, found in reached.items() if name in found}


def _called(name: str, function: ast.FunctionDef) -> Iterator[str]:
    """What a function may call: by its name, or as a method of its own class."""
    owner = name.rpartition(".")[0]
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            yield f"{owner}.{node.attr}"
