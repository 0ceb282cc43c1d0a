"""The screen of `bninspect MODEL`: the verdict, what the rules found, and what to type next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bninspect.batchnorm.verdict import verdict
from bninspect.options import IMAGES
from bninspect.render.check.text import IN_CHECK, findings
from bninspect.render.check.words import measured_by
from bninspect.render.graph.screen import verdict_line
from bninspect.render.line import Line
from bninspect.render.screenful import Screenful

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.overview import Overview
    from bninspect.render.line import Item

_LIMITS = (10, 6, 4, 2, 1)
"""How many rules are shown: what to type next stands below them, and is always there."""


def render_overview(found: Overview, *, measured: bool) -> Iterator[Item]:
    """The file alone; `measured`: whether what a run of it shows follows, so that nothing is left to type."""
    bodies = [partial(_body, found, measured=measured, most=most) for most in _LIMITS]
    yield Screenful(verdict_line(found.report, verdict(found.report)), *bodies, rest=IN_CHECK)


def _body(found: Overview, *, measured: bool, most: int) -> Iterator[Item]:
    judged = list(findings(found.checked, most=most))
    yield Line()
    yield from judged or [Line("no rule finds a fault in the file", "plain")]
    if measured or not found.report.layers:
        return
    yield Line()
    if found.following is not None:
        yield Line(found.following, label="next: ", whole=True)
    if found.refused is not None:
        yield Line(f"not run: op {found.refused} is not on the allow-list (--allow-op)", "dim")
    by = measured_by((found.checked,))
    yield Line(f"staleness not measured{by.replace(IMAGES, f'images, or {IMAGES}', 1)}", "dim")
