"""The fix of a finding on a screen: a command is one unbroken line, and stands there once, however many
findings it is the fix of.
"""

from __future__ import annotations

from bninspect.render.line import Line


def fix_line(fix: str, code: str, said: dict[str, str], indent: int) -> Line:
    """`fix: bninspect strip ...`, or `fix: the one of BN405` where that rule has said it before; `said` is
    what was said so far, and by which rule.
    """
    first = said.setdefault(fix, code)
    if first != code:
        return Line(f"fix: the one of {first}", indent=indent)
    return Line(fix, indent=indent, label="fix: ", whole=fix.startswith("bninspect "))
