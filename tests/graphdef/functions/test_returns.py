"""Returns of a function that name an output which the op does not have, and what is written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.graphdef import read
from bninspect.graphdef.functions.returns import named_anew, with_returns
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.wire import Span
from bninspect.graphdef.writer import new_node
from tests.support.messages import chain, written

if TYPE_CHECKING:
    from pathlib import Path

NODES = (new_node("read", "Identity", ("a",), {}), new_node("sum", "Add", ("a", "a"), {}))


@pytest.mark.parametrize(
    ("returned", "meant"),
    [
        ("read:value:0", "read:output:0"),
        ("read:output:0", None),
        ("sum:z:0", None),
        ("gone:value:0", None),
        ("a", None),
    ],
    ids=["an Identity", "rightly named", "another op", "no node", "an argument"],
)
def test_an_identity_has_one_output(returned: str, meant: str | None) -> None:
    assert named_anew({"y": returned}, NODES) == ({} if meant is None else {"y": meant})


def test_all_but_the_returns_stays_byte_for_byte() -> None:
    """Field 4 as a number is no return; fields that no schema names stay."""
    before, after = b"\x0a\x03\x0a\x01f" + b"\x20\x07", b"\xa2\x06\x02hi"
    returns = message_class("FunctionDef")(ret={"y": "read:value:0"}).SerializeToString()
    found = with_returns(
        Span(b"??" + before + returns + after, 2, 2 + len(before + returns + after)), {"y": "b"}
    )
    new = message_class("FunctionDef")(ret={"y": "b"}).SerializeToString()
    assert found.bytes() == before + after + new


def test_a_function_is_read_with_the_names_that_are_meant(tmp_path: Path) -> None:
    message = chain("Relu")
    function = message.library.function.add()
    function.signature.name = "f"
    function.signature.input_arg.add(name="a", type=1)
    for name in ("y", "z"):
        function.signature.output_arg.add(name=name)
    function.node_def.add(name="read", op="Identity", input=["a"])
    function.ret["y"], function.ret["z"] = "read:value:0", "a"
    function.control_ret["done"] = "read"
    found = read(written(tmp_path, message)).functions["f"]
    assert found.returns == {"y": "read:output:0", "z": "a"}
    assert found.misnamed == ("read:value:0",)
    assert (found.arguments, found.outputs, found.takes_handles) == (("a",), ("y", "z"), False)
    assert found.control_returns == ("read",)
    written_anew = message_class("FunctionDef").FromString(found.span.bytes())
    assert dict(written_anew.ret) == dict(found.returns)
    assert dict(message_class("FunctionDef").FromString(found.place.bytes()).ret) == dict(function.ret)


def test_a_function_whose_names_are_right_stays_where_it_is(tmp_path: Path) -> None:
    message = chain("Relu")
    function = message.library.function.add()
    function.signature.name = "f"
    function.signature.input_arg.add(name="handle", type=20)
    function.ret["y"] = "handle"
    found = read(written(tmp_path, message)).functions["f"]
    assert found.span is found.place
    assert (found.misnamed, found.takes_handles) == ((), True)
