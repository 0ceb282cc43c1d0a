"""What is wrong and how to fix it, what was not judged, and where the page comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, joined, shortened, tag
from bninspect.rules import rules
from bninspect.text import by_reason, counted, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.report.facts import PageFacts
    from bninspect.commands.report.origin import Origin
    from bninspect.rules import Finding

_COMMAND = "bninspect "
_LONG = 4000


def findings(facts: PageFacts) -> list[Html]:
    """A card for each code, the most important first."""
    names = {rule.code: rule.name for rule in rules()}
    return [_card(one, names[one.code], facts) for one in facts.groups]


def _card(one: Finding, name: str, facts: PageFacts) -> Html:
    layers = [name for name, state in facts.states.items() if one.code in state.codes]
    parts = [
        tag(
            "h3",
            tag("span", one.severity.value, class_=f"pill {one.severity.value}"),
            f"{one.code} {name}",
        ),
        tag("p", f"{sentence(shortened(one.title))}."),
    ]
    if one.evidence:
        parts.append(tag("p", f"because: {shortened(one.evidence, _LONG)}", class_="dim"))
    if len(layers) > 1:
        listed = tag("p", ", ".join(shortened(layer) for layer in layers), class_="name")
        parts.append(tag("details", tag("summary", counted(len(layers), "layer")), listed))
    if one.fix is not None:
        parts.append(fix_lines(one.fix))
    return tag("div", *parts, class_="card")


def fix_lines(fix: str) -> Html:
    """The fix: a command stands on a line of its own, to be copied with one click."""
    before, command, rest = fix.partition(_COMMAND)
    if not command:
        return tag("p", tag("b", "fix: "), shortened(fix, _LONG))
    said = joined((tag("b", "fix: "), shortened(before.strip(), _LONG)))
    return joined((tag("p", said), tag("pre", shortened(command + rest, _LONG))))


def not_judged(facts: PageFacts) -> list[Html]:
    """Rules and layers of which nothing can be said, each reason once."""
    skipped = () if facts.probe is None else facts.probe.skipped
    pairs = [(skip.code, skip.reason) for skip in facts.result.not_run if not skip.foreign]
    pairs += [(absent.what, absent.reason) for absent in skipped]
    pairs += [(place.node, place.reason) for place in facts.report.unrecognised]
    pairs += [(f"{left.count:,} {left.what}", left.reason) for left in facts.report.skipped]
    reasons = by_reason(pairs)
    known = len(facts.result.found) - len(facts.result.fresh)
    if known:
        reasons["known from the baseline"] = [counted(known, "finding")]
    return [
        tag("li", tag("b", ", ".join(shortened(what) for what in what_all)), f": {shortened(reason, _LONG)}")
        for reason, what_all in reasons.items()
    ]


def footer(facts: PageFacts, origin: Origin) -> Html:
    """Versions, the file, the inputs with their seed, and the command line."""
    return tag("footer", tag("dl", *_origin(facts, origin)))


def _origin(facts: PageFacts, origin: Origin) -> Iterator[Html]:
    record = facts.report.graph.graphdef
    yield _item("made by", ", ".join(f"{name} {version}" for name, version in origin.versions.items()))
    size = f"{record.size:,} bytes, " if record.size else ""
    yield _item(
        "model", f"{shortened(record.path)}: {record.format}, {size}{counted(len(record.nodes), 'node')}"
    )
    probe = facts.probe
    for one in () if probe is None else probe.inputs:
        shape = "x".join(map(str, one.shape))
        sources = ", ".join(shortened(source) for source in one.source[:3])
        more = f" and {len(one.source) - 3:,} more" if len(one.source) > 3 else ""
        preset = f", preprocess {one.preset}" if one.preset else ""
        yield _item("input", f"{shortened(one.name)}: {one.dtype} {shape}{preset}, from {sources}{more}")
    if probe is not None and probe.fed:
        fed = ", ".join(f"{shortened(name)}={value}" for name, value in probe.fed.items())
        yield _item("fed", fed)
    yield tag("dt", "command")
    yield tag("dd", tag("pre", shortened(origin.command, _LONG)))


def _item(term: str, text: str) -> Html:
    return joined((tag("dt", term), tag("dd", text)))
