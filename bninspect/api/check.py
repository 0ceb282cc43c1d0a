"""`bninspect.check`: may these models ship?"""

from __future__ import annotations

from dataclasses import fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import request_of, takes
from bninspect.api.shown import Shown, said
from bninspect.commands.check import baseline as known_findings
from bninspect.commands.check.many_models import check_all
from bninspect.commands.check.one_model import Settings, check as check_one
from bninspect.commands.check.options import CheckOptions
from bninspect.commands.check.result import CheckResult
from bninspect.commands.paths import models
from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph import Graph
from bninspect.inputs.request import Request
from bninspect.options import record
from bninspect.render.check.document import check_document
from bninspect.render.check.text import lines
from bninspect.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Unpack

    from bninspect.api.keywords import InputOptions, Model, Names, Path as AnyPath
    from bninspect.commands.check.result import Found, ModelResult
    from bninspect.options import Level
    from bninspect.rules import Finding


@frozen_dataclass(eq=False)
class CheckReport(Shown):
    """What the rules say of some models. Iterating gives the findings that are not in the baseline."""

    ROWS: ClassVar = "findings"
    COLUMNS: ClassVar = ("model", "code", "severity", "layer", "title", "fix")

    models: tuple[ModelResult, ...]
    """Each model, in the order they were named: its findings (`found`), or the `error` why there are none."""
    exit_code: int
    """Of the command: 0 may ship, 1 findings as severe as `fail_on`, 2 a model that could not be judged, 3 a
    bug."""

    @property
    def failed(self) -> bool:
        """Whether a finding is as severe as `fail_on`, or a model could not be judged."""
        return self.exit_code != 0

    @property
    def found(self) -> tuple[Found, ...]:
        """What was found in all models, with the name of each rule, and whether the baseline knows it."""
        return tuple(one for model in self.models for one in model.found)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with all models, but for what the baseline knows."""
        return tuple(one.finding for one in self.found if not one.known)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


@takes(CheckOptions, Request)
def check(
    model: Model | Iterable[AnyPath],
    *,
    outputs: Names = (),
    select: Names = (),
    ignore: Names = (),
    deploy: bool = False,
    momentum: float | None = None,
    fail_on: Level = "error",
    baseline: AnyPath | None = None,
    allowed_ops: Names = (),
    jobs: int = 1,
    request: Request | None = None,
    **inputs: Unpack[InputOptions],
) -> CheckReport:
    """Returns what the rules say of one model or several: whether they may ship.

    As `bninspect check`, which `bninspect rule` explains; the configuration file is not read. `model` is a
    path, a folder, a glob, several of them, or a graph that `load` gave. The file alone is read; with images
    the model is run, too, which needs TensorFlow. `request` stands for all keywords from `images` on.

        judged = bninspect.check("model.pb", images="photos/", deploy=True)
        if judged.failed:
            for finding in judged:
                print(finding.code, finding.layer, finding.message, finding.fix)

    Of several models, one that cannot be read is an `error` in `models`. Raises BninspectError where it is
    the only one, SelectionError for a path that matches nothing or an unknown rule, OptionError for a value
    that an option cannot have.
    """
    options = CheckOptions(
        outputs=outputs,  # type: ignore[arg-type]
        select=select,  # type: ignore[arg-type]
        ignore=ignore,  # type: ignore[arg-type]
        deploy=deploy,
        momentum=momentum,
        fail_on=fail_on,
        baseline=baseline,  # type: ignore[arg-type]
        allowed_ops=allowed_ops,  # type: ignore[arg-type]
        jobs=jobs,
    )
    asked = request_of(inputs, request, "check")
    if asked is not None and not (asked.has_data or asked.random or asked.feeds):
        asked = None
    old = None if options.baseline is None else known_findings.read(Path(options.baseline))
    results = _results(model, options, asked)
    if len(results) == 1 and results[0].error is not None and not results[0].judged:
        raise BninspectError(results[0].error)
    result = CheckResult(models=results, fail_on=Severity(options.fail_on))
    if old is not None:
        result = replace(result, models=old.marked(results), stale=old.stale(results))
    sentences = said(lines(result))  # of several models the last line counts them
    return CheckReport(
        verdict=sentences[0] if len(results) == 1 else sentences[-1],
        document=check_document(result),
        models=result.models,
        exit_code=result.exit_code(),
    )


def _results(
    model: Model | Iterable[AnyPath], options: CheckOptions, request: Request | None
) -> tuple[ModelResult, ...]:
    """The result of each model."""
    if isinstance(model, Graph):
        return (check_one(_settings(model.graphdef.path, options, request), model),)
    named = [model] if isinstance(model, str | PathLike) else model
    paths = models([fspath(name) for name in named])
    return check_all([_settings(path, options, request) for path in paths], options.jobs)


def _settings(path: str, options: CheckOptions, request: Request | None) -> Settings:
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    return record(Settings, given, path=path, request=request)
