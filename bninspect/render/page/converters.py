"""What converters will make of a model: a row for the file itself, then one for each converter.

A group of layers is a mark in the colours of the map, what becomes of it in words, and why. Yellow is what
changes the mode: a converter's choice is no fault of the model, and stands out less than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.converters.fact import Serves
from bninspect.converters.forecast import own_mode
from bninspect.render.forecast.screen import clauses
from bninspect.render.page.findings import fix_lines
from bninspect.render.page.markup import Html, shortened, tag
from bninspect.text import grouped, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.converters.forecast import ConverterForecast, GroupForecast

_MARKS = {
    Serves.INFERENCE: ("i", "•"),
    Serves.TRAINING: ("t", "•"),
    Serves.ASKS: ("w", "•"),
    Serves.REFUSES: ("notjudged", "×"),
    Serves.OTHER: ("", "≠"),
    Serves.UNKNOWN: ("inconclusive", "?"),
}
"""What becomes of layers -> class and sign of its mark."""
_WORDS = {
    Serves.INFERENCE: "inference",
    Serves.TRAINING: "training",
    Serves.ASKS: "asks at run time",
    Serves.REFUSES: "refuses the model",
    Serves.OTHER: "numbers of neither mode",
    Serves.UNKNOWN: "unknown",
}
_LOOKS = {Serves.INFERENCE: "inference", Serves.TRAINING: "training"}
_OWN = {Mode.INFERENCE: Serves.INFERENCE, Mode.TRAINING: Serves.TRAINING, None: Serves.ASKS}


def converters_card(facts: PageFacts) -> Html:
    """The verdict in a sentence, the rows, and the fix if no finding says it already. Where all serve
    inference the rows are folded.
    """
    tested = [one for one in facts.forecasts if one.converter.tested]
    shown = [one for one in facts.forecasts if one.converter.tested or one.serves is not Serves.UNKNOWN]
    rows = tag("div", _table(facts, shown), tag("p", _source(shown), class_="dim small"))
    if all(one.serves is Serves.INFERENCE and not one.changed for one in tested):
        rows = tag("details", tag("summary", "Versions, and why"), rows)
    parts = [tag("p", f"{sentence(clauses(tested))}."), rows]
    fix = facts.convert_fix
    if fix is not None and fix not in {one.fix for one in facts.groups}:
        parts.append(fix_lines(fix))
    return tag("div", *parts, class_="card")


def _table(facts: PageFacts, shown: Sequence[ConverterForecast]) -> Html:
    alone = all(len(one.groups) == 1 for one in shown)
    rows = [_row("this file, in TensorFlow", "", list(_own(facts.report.layers)))]
    for one in shown:
        refuses = [group for group in one.groups if group.serves is Serves.REFUSES]
        groups = [_group(one, group, named=not alone) for group in refuses or one.groups]
        rows.append(_row(one.converter.title, one.converter.versions, groups))
    head = tag("tr", *(tag("th", title, class_="l", scope="col") for title in ("converter", "serves")))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="converters")


def _row(who: str, versions: str, groups: Sequence[Html]) -> Html:
    name = tag("span", who, *([" ", tag("span", versions, class_="dim small")] if versions else []))
    return tag("tr", tag("td", name), tag("td", *groups, class_="l"))


def _own(layers: Sequence[BatchNorm]) -> Iterator[Html]:
    """What the file serves, for each mode of its layers."""
    modes: dict[tuple[Mode | None, bool], list[BatchNorm]] = {}
    for layer in layers:
        modes.setdefault((own_mode(layer), layer.mode is Mode.SWITCHED), []).append(layer)
    for (mode, switched), members in modes.items():
        unless = "unless something else is fed" if switched and mode is not None else ""
        yield _makes(_OWN[mode], unless, members if len(modes) > 1 else ())


def _group(one: ConverterForecast, group: GroupForecast, *, named: bool) -> Html:
    reason = group.reason if one.converter.tested else f"reported, not run here: {group.reason}"
    changes = group in one.changed
    return _makes(group.serves, reason, group.layers if named else (), changes=changes)


def _makes(serves: Serves, why: str, layers: Sequence[BatchNorm], *, changes: bool = False) -> Html:
    """A mark, the words, and which layers."""
    band, sign = _MARKS[serves]
    mark = tag(
        "span",
        "!" if changes else sign,
        class_=f"c {band} warning" if changes else f"c {band}".strip(),
        aria_hidden="true",
    )
    words: list[str] = [tag("b", _WORDS[serves], class_=_LOOKS.get(serves))]
    if layers:
        words += [" ", tag("span", shortened(grouped([layer.name for layer in layers])), class_="name")]
    if why:
        words.append(tag("span", why, class_="dim small"))
    return tag("div", mark, tag("div", *words), class_="makes")


def _source(shown: Sequence[ConverterForecast]) -> str:
    """What a yellow mark says, and where this is known from."""
    parts = (
        ["A yellow mark: it trains, or changes the mode of the file."]
        if any(one.changed for one in shown)
        else []
    )
    parts.append("Seen in runs of these versions; this model was not converted.")
    if any(not one.converter.tested for one in shown):
        parts.append("What is reported was never run here.")
    return " ".join(parts)
