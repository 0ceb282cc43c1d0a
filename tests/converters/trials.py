"""Every fixture and case through converters: what each of them made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bninspect.batchnorm import Mode, Report, inspect
from bninspect.commands.forecast.judging import Trial
from bninspect.commands.forecast.modes import FedRound, Modes, modes_of
from bninspect.commands.forecast.trial import request, run_converters, seen
from bninspect.converters.forecast import ConverterForecast, forecast
from bninspect.errors import BninspectError
from bninspect.graph import load
from bninspect.graphdef import writer
from bninspect.rewrite.strip import strip
from tests.support.places import FIXTURES

ENDLESS = frozenset({"cases/dead_switch_hangs.pb", "cases/while_endless.pb", "cases/huge_placeholder.pb"})
"""Made so that TensorFlow does not return from them, or takes all memory: no converter can be tried."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A model that converters are run on."""

    name: str
    """Of the fixture, below fixtures/."""
    path: Path
    report: Report
    modes: Modes


def fixtures(names: Sequence[str] = ()) -> Iterator[str]:
    """Names of the frozen fixtures and cases, or those of them whose names hold one of these."""
    for path in sorted([*FIXTURES.glob("*.pb"), *FIXTURES.glob("cases/*.pb")]):
        name = path.relative_to(FIXTURES).as_posix()
        if name not in ENDLESS and (not names or any(part in name for part in names)):
            yield name


def subjects(names: Sequence[str] = ()) -> tuple[list[Subject], dict[str, str]]:
    """(the models that can be tried, name -> why another cannot: nothing to compare it with)."""
    found, skipped = [], {}
    for name in fixtures(names):
        try:
            report = inspect(load(str(FIXTURES / name)))
            if report.layers:
                found.append(Subject(name, FIXTURES / name, report, modes_of(report)))
        except BninspectError as error:
            skipped[name] = str(error)
    return found, skipped


def stripped(found: Sequence[Subject], folder: Path) -> Iterator[Subject]:
    """The same models as strip writes them, held against inference mode of the original."""
    for subject in found:
        values = subject.modes.values.get(Mode.INFERENCE)
        if values is None:
            continue
        path = folder / subject.name.replace("/", "-")
        try:
            writer.write(strip(subject.report).pruned.graphdef, path)
        except BninspectError:
            continue
        report = inspect(load(str(path)), outputs=subject.modes.outputs)
        given = next(iter(subject.modes.rounds.values())).feeds
        fed = {name: value for name, value in given.items() if name.rpartition(":")[0] in report.graph}
        modes = replace(
            subject.modes,
            report=report,
            rounds={"unfed": FedRound(feeds=fed, decided={})},
            values={Mode.INFERENCE: values},
            decided_inside=False,
        )
        yield Subject(subject.name, path, report, modes)


def tried(found: Sequence[Subject], converter: str) -> dict[str, Trial]:
    """Name -> what the converter made of it. One process for all; another one where it crashed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asked = {
            one.name: request(converter, one.path, one.modes, folder, one.name.replace("/", "-"))
            for one in found
        }
        failures = _run(list(asked.values()))
        return {
            one.name: seen(
                asked[one.name], one.modes, forecast_of(one.report, converter),
                failures.get(asked[one.name]["result"]),
            )
            for one in found
        }  # fmt: skip


def _run(requests: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Result file of each request on which the process ended -> how."""
    failures = {}
    left = list(requests)
    while left:
        failure = run_converters(left)
        left = [one for one in left if not Path(one["result"]).exists()]
        if left:
            failures[left[0]["result"]] = failure or "it ended without a result"
            left = left[1:]
    return failures


def forecast_of(report: Report, converter: str) -> ConverterForecast:
    """By the facts that were seen; of a model without layers, as strip leaves some, nothing is forecast."""
    [found] = [one for one in forecast(report, (converter,)) if one.converter.tested]
    return found
