"""Loader functions that go wrong: `load_data` yields what people could return by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_TEXT = """import numpy as np

class Odd:
    def __array__(self, *args, **kwargs):
        raise ValueError("no array")

    def __len__(self):
        return -1

calls = 0
batch = {{"image": np.zeros((2, 4, 4, 3), np.uint8), "label": np.array([3, 1])}}

def load_data():
    global calls
    calls += 1
{body}
"""
GOOD = _TEXT.format(body="    yield batch\n    yield batch")
_VALUES = (
    "batch['image']", "batch['label']", "[]", "()", "None", "3", "'text'", "b'bytes'", "{}", "[[1, 2], [3]]",
    "Odd()", "[Odd()]", "np.array(None)", "np.array([None, 1], object)", "np.array(['a', 'b'])",
    "np.zeros((2, 0, 3))", "np.zeros((0, 4, 4, 3), np.uint8)", "np.zeros((2, 4, 4, 3))[::-1, ::2]",
    "np.array([1 + 2j, 3])", "np.array(['2020-01-01', 'NaT'], 'M8[D]')", "np.zeros(2, 'i4,f8')",
    "np.array([np.nan, np.inf])", "np.broadcast_to(np.uint8(0), (10**12, 4, 4, 3))", "iter([1, 2])",
    "np.ma.masked_array([1, 2], [0, 1])", "np.zeros((2, 70000), np.uint8)", "np.zeros((2,) + (1,) * 40)",
    "np.float16([1, 2])", "np.array([b'GIF89a', b'\\x89PNG'], object)", "np.array([2**70, 1], object)",
)  # fmt: skip
_KEYS = ("'image'", "'label'", "''", "1", "None", "b'image'", "('a', 'b')", "'a#b,c=d:0'", "float('nan')")
_STEPS = (
    *["yield batch"] * 8, *["yield {batch}"] * 8, "yield {value}", "return {value}", "return batch",
    "raise SystemExit(3)", "raise StopIteration", "raise ValueError({value})", "load_data().send(1)",
    "yield from {value}", "yield batch if calls % 2 else {batch}", "calls.x", "raise MemoryError",
    "return load_data()", "yield dict(zip([{key}], [{value}]))", "yield from load_data()",
    "assert calls < 2, 'the second time'", "yield batch.items()", "yield type('D', (dict,), {{}})(batch)",
    "import nowhere", "(lambda f: f(f))(lambda f: f(f))",
)  # fmt: skip


def drawn(generator: random.Random) -> str:
    """The text of a script."""
    steps = generator.choices(_STEPS, k=generator.choice((1, 1, 2, 3)))
    return _TEXT.format(body="\n".join(f"    {_filled(step, generator)}" for step in steps))


def _filled(step: str, generator: random.Random) -> str:
    """The step with values in their places."""

    def pair() -> str:
        return f"{generator.choice(_KEYS)}: {generator.choice(_VALUES)}"

    batch = "{" + ", ".join(pair() for _ in range(generator.choice((1, 1, 2)))) + "}"
    return step.format(batch=batch, value=generator.choice(_VALUES), key=generator.choice(_KEYS))
