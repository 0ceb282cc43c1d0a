"""JSON and TOML of any depth: a document, or one ValueError."""

from __future__ import annotations

import io

import pytest

from bninspect.documents import from_json, from_toml


@pytest.mark.parametrize("depth", [100, 2_000, 100_000])
def test_too_deep_is_a_value_error(depth: int) -> None:
    for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        with pytest.raises(ValueError, match="nested more than 50 levels deep"):
            from_json(text)
    for text in ("a = " + "[" * depth + "]" * depth, "a" + ".a" * min(depth, 2_000) + " = 1"):
        with pytest.raises(ValueError, match="nested more than 50 levels deep"):
            from_toml(io.BytesIO(text.encode()))


def test_what_is_not_too_deep_is_read() -> None:
    text = "[" * 50 + "]" * 50
    assert from_json(text)
    assert from_json(text, deepest=50)
    with pytest.raises(ValueError, match="nested more than 49"):
        from_json(text, deepest=49)
    assert from_toml(io.BytesIO(b"a.b = [1, {c = 2}]")) == {"a": {"b": [1, {"c": 2}]}}
    with pytest.raises(ValueError, match="Expecting"):
        from_json("[")
