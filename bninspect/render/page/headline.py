"""The head of a page: the verdict as its title, what decides the mode, and four facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import verdict
from bninspect.options import IMAGES
from bninspect.render.check.words import measured_by
from bninspect.render.page.markup import Html, joined, shortened, tag
from bninspect.render.page.numbers import datum
from bninspect.rules.facts.inconclusive import left_open
from bninspect.text import counted, listed, number, percent, sentence, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import OutputDifference, Probe

_SHOWN = 2
"""Names of wrong layers in a fact, and facts of outputs."""


def headline(facts: PageFacts) -> str:
    """The verdict in one sentence."""
    grave = [one for one in facts.groups if one.severity.value in ("error", "warning")]
    if grave:
        return sentence(shortened(grave[0].title))
    probe = facts.probe
    if probe is not None and probe.ran and not probe.drawn:
        images = counted(_images(probe), "image")
        opened = left_open(probe)
        if opened:
            return opened.rstrip(".")
        return f"No fault shows in {counted(len(facts.report.layers), 'batch norm')} on {images}"
    return sentence(verdict(facts.report).text)


def standing(facts: PageFacts) -> tuple[str, str]:
    """(class, word) of the pill beside the file's name."""
    if facts.result.error is not None:
        return "warning", "could not be run"
    worst = facts.result.worst
    if worst is not None and worst.value in ("error", "warning"):
        return worst.value, worst.value
    measured = facts.probe is not None and facts.probe.ran and not facts.probe.drawn
    states = {state.standing for state in facts.states.values()}
    if not measured:
        return "notjudged", "statistics not measured"
    if "inconclusive" in states:
        return "inconclusive", "inconclusive"
    return "fine", "no fault shows"


def head(facts: PageFacts, prefix: str, level: str = "h1") -> Html:
    """Pill, path, title, what decides, and the facts."""
    look, word = standing(facts)
    record = facts.report.graph.graphdef
    return joined(
        (
            tag(
                "p",
                tag("span", word, class_=f"pill {look}"),
                tag("span", shortened(record.path)),
                class_="path",
            ),
            tag(level, f"{headline(facts)}.", class_="model"),
            tag("p", *_decided(facts, prefix), class_="sub"),
            tag("div", *_key_figures(facts), class_="facts"),
        )
    )


def _decided(facts: PageFacts, prefix: str) -> Iterator[str]:
    """How the model comes to its mode, what was run, and what else was found."""
    words = [f"{sentence(verdict(facts.report).text)}."]
    probe = facts.probe
    if facts.result.error is not None:
        words.append(f"It could not be run: {facts.result.error}.")
    elif probe is None:
        by = measured_by((facts.result,)).replace(IMAGES, f"images with {IMAGES}")
        words.append(f"Staleness was not measured{by}.")
    elif probe.ran:
        words.append(_run(probe))
    yield shortened(" ".join(words), 1200)
    if facts.groups:
        yield " "
        yield tag("a", counted(len(facts.groups), "finding"), href=f"#{prefix}findings")
        yield "."


def _run(probe: Probe) -> str:
    """On what it was run, and what that was compared with."""
    preset = next((one.preset for one in probe.inputs if one.preset), None)
    on = f"Run on {counted(_images(probe), 'image')}" + (f", preprocess {preset}" if preset else "")
    checked = probe.verification
    if checked.state == "verified":
        exact = "exactly" if not checked.max_abs else f"to {short(checked.max_abs)}"
        return f"{on}. Both modes agree with the original {exact}."
    if checked.state == "differs":
        return f"{on}. NOT verified: what was measured differs from the original."
    return f"{on}. Not verified: {checked.reason}."


def _key_figures(facts: PageFacts) -> Iterator[Html]:
    yield _wrong(facts)
    if facts.probe is None or not facts.probe.ran:
        yield from _static(facts)
        return
    yield from _outputs(facts.probe)
    yield _companions(facts.probe)


def _fact(value: str, says: str, look: str | None = None) -> Html:
    return tag("div", tag("b", value, class_=look), tag("span", says), class_="fact")


def _wrong(facts: PageFacts) -> Html:
    """How many layers are wrong, and which."""
    names = [shortened(name, 60) for name in facts.focus]
    total = len(facts.states)
    if names:
        grave = max(facts.states[name].rank for name in facts.focus)
        look = next(s.standing for s in facts.states.values() if s.rank == grave)
        return _fact(f"{len(names):,} of {total:,}", f"layers are wrong: {listed(names, _SHOWN)}", look)
    judged = sum(state.standing in ("fine", "note") for state in facts.states.values())
    if judged == total and total:
        return _fact(f"0 of {total:,}", "layers are wrong", "fine")
    return _fact(f"{judged:,} of {total:,}", "layers could be judged; none of these is wrong")


def _static(facts: PageFacts) -> Iterator[Html]:
    """Without a run: modes, channels, and where the statistics are."""
    layers = facts.report.layers
    modes = [(mode, sum(layer.mode is mode for layer in layers)) for mode in Mode]
    words = ", ".join(f"{count:,} {mode.value}" for mode, count in modes if count)
    yield _fact(words or "none", "how the layers come to their mode")
    stored = sum(layer.statistics.state.value == "stored" for layer in layers)
    yield _fact(f"{stored:,} of {len(layers):,}", "layers hold statistics that were updated")
    yield _fact("not measured", "whether they fit your data: no inputs were given", "notjudged")


def _images(probe: Probe) -> int:
    """On how many it was run."""
    return max((one.images or 0 for one in probe.layers), default=0)


def _outputs(probe: Probe) -> Iterator[Html]:
    """How far the modes are apart where the model ends: shares that agree, and the size of what differs."""
    words = [
        fact for index, one in enumerate(probe.outputs) for fact in _output(one, f"probe/outputs/{index}")
    ]
    if not words:
        yield _fact("not compared", "the outputs of the two modes", "notjudged")
    yield from words[:_SHOWN]


def _output(one: OutputDifference, at: str) -> Iterator[Html]:
    name = shortened(one.name, 50)
    if one.agreement is not None:
        words = datum(one.agreement, f"{at}/agreement", percent(one.agreement))
        yield _fact(words, f"of the values of {name} are the same in both modes")
    difference = one.difference
    if difference is None:
        return
    if difference.top1_agreement is not None:
        words = datum(difference.top1_agreement, f"{at}/top1_agreement", percent(difference.top1_agreement))
        yield _fact(words, f"of images have the same top class in both modes at {name}")
    words = datum(difference.relative_l2, f"{at}/relative_l2", f"{number(difference.relative_l2)}x")
    yield _fact(words, f"difference of the modes over their size in training, at {name}")


def _companions(probe: Probe) -> Html:
    """Whether images mix."""
    test = probe.companions
    if test is None or test.reason is not None:
        return _fact("not tested", "whether an image's output depends on its batch", "notjudged")
    if test.dependent:
        return _fact("batch-dependent", "an image's output changes with its companions in a batch", "error")
    return _fact("batch-independent", "an image gives the same output alone and in a batch", "fine")
