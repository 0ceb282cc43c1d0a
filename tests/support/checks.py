"""Results of a check for the tests of its formats: an ordinary one, and one with every awkward letter."""

from __future__ import annotations

from bninspect.commands.check.result import CheckResult, Found, ModelResult
from bninspect.rules import Finding, NotRun, Severity

AWKWARD = "a\"b'c%d\r\ne,f:g<h>&i\x00\x1b[31mj]]>k\u202eé日\U0001f600::error::\t\udcff"
"""Quotes, per cent, newlines, separators, markup, controls, an escape sequence, a right-to-left override,
letters of two, three and four bytes, a workflow command, and a byte of a file name that is no UTF-8."""
UNREAD = "the statistics could not be read: they are in variables"
NO_IMAGES = "no probe images given"


def found(
    code: str = "BN201",
    severity: Severity = Severity.ERROR,
    *,
    layer: str | None = "bn",
    node: str | None = "bn/moving_mean",
    message: str = "mean 0 and variance 1",
    remedy: str | None = "bninspect refresh MODEL -o OUT --image DIR",
    known: bool = False,
    name: str = "statistics-never-updated",
) -> Found:
    """A finding."""
    finding = Finding(code=code, severity=severity, layer=layer, node=node, message=message, remedy=remedy)
    return Found(finding=finding, name=name, known=known)


def warning() -> Found:
    """A finding about the model, with no node."""
    return found(
        "BN103",
        Severity.WARNING,
        layer=None,
        node=None,
        message="phase decides",
        remedy=None,
        name="mode-left-to-the-caller",
    )


def not_run(reason: str, *codes: str) -> tuple[NotRun, ...]:
    """Rules that did not run, for one reason."""
    return tuple(NotRun(code=code, reason=reason) for code in codes)


ORDINARY = CheckResult(
    models=(
        ModelResult(
            path="models/a.pb",
            sentence="53 batch norms: 2 in TRAINING mode, 51 in inference mode",
            modes={"inference": 51, "training": 2},
            wanted="--image DIR",
            found=(
                warning(),
                found(known=True),
                *(found(layer=f"net/bn{number}", node=f"net/bn{number}/mean") for number in range(3)),
            ),
            not_run=not_run(NO_IMAGES, "BN401", "BN403"),
            allowed=(("BN101", "gen/bn", "a generator"),),
        ),
        ModelResult(
            path="models/healthy.pb",
            sentence="3 batch norms run in inference mode, whatever is fed",
            modes={"inference": 3},
            not_run=not_run(NO_IMAGES, "BN401", "BN403"),
        ),
        ModelResult(
            path="models/train.meta",
            sentence="1 batch norm, switched by training:0 (placeholder, no default: must be fed)",
            modes={"switched": 1},
            not_run=(*not_run(UNREAD, "BN201"), *not_run(NO_IMAGES, "BN401", "BN403")),
        ),
        ModelResult(path="models/lfs.pb", error="models/lfs.pb: a Git LFS pointer; run git lfs pull"),
    ),
    stale=("models/a.pb: BN204 at net/bn7",),
)

HOSTILE = CheckResult(
    models=(
        ModelResult(
            path=f"dir/{AWKWARD}.pb",
            modes={"training": 1},
            found=(found(layer=AWKWARD, node=f"{AWKWARD}/n", message=AWKWARD, remedy=AWKWARD),),
            not_run=not_run(AWKWARD, "BN401"),
            allowed=(("BN101", AWKWARD, AWKWARD),),
        ),
        ModelResult(path=f"{AWKWARD}2.pb", error=f"{AWKWARD}2.pb: {AWKWARD}"),
    ),
    stale=(AWKWARD,),
)
