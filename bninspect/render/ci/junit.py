"""Findings -> JUnit XML: a test suite per model, a test case per finding or rule that did not run.

Source: the schema that Jenkins and most others read (github.com/jenkinsci/xunit-plugin, junit-10.xsd).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from bninspect.commands.check.result import CheckResult, Found, ModelResult
    from bninspect.rules.rule import Severity

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
"""What a line must not begin with: in a log it would be a command to the runner (`escaping.printable`)."""


def junit(result: CheckResult) -> str:
    """The result as one document. A finding as grave as `fail_on` is a failure; a lesser one is printed
    and passes.
    """
    root = ElementTree.Element("testsuites", name="bninspect")
    for model in result.models:
        root.append(_suite(model, result.fail_on))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ElementTree.indent(root)
    # Letters beyond ASCII as references: right in whatever encoding the text is written to a file.
    text: str = ElementTree.tostring(root, "us-ascii").decode()
    text = _COMMAND.sub(r"\1&#58;", text.replace("##", "#&#35;"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(model: ModelResult, fail_on: Severity) -> ElementTree.Element:
    cases = [_test_case(model, one, fail_on) for one in model.found]
    for skip in model.not_run:
        case = _case(model, skip.code, "not judged")
        ElementTree.SubElement(case, "skipped", message=_clean(skip.reason))
        cases.append(case)
    if model.error is not None:
        case = _case(model, "bninspect", "run the model" if model.modes else "read the model")
        ElementTree.SubElement(case, "error", message=_clean(model.error), type="error")
        cases.append(case)
    if not cases:
        cases.append(_case(model, "bninspect", "no findings"))
    suite = ElementTree.Element("testsuite", name=_clean(model.path), tests=str(len(cases)))
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _case(model: ModelResult, code: str, name: str) -> ElementTree.Element:
    return ElementTree.Element(
        "testcase", classname=_clean(f"{model.path}.{code}"), name=_clean(name), time="0"
    )


def _test_case(model: ModelResult, found: Found, fail_on: Severity) -> ElementTree.Element:
    finding = found.finding
    where = finding.layer or finding.node or "model"
    case = _case(model, finding.code, f"{found.name}: {where}")
    text = finding.message + (f"\nfix: {finding.fix}" if finding.fix else "")
    if finding.severity.rank >= fail_on.rank and not found.known:
        failure = ElementTree.SubElement(
            case, "failure", message=_clean(finding.message), type=finding.severity.value
        )
        failure.text = _clean(text)
    else:
        kind = "in the baseline" if found.known else finding.severity.value
        ElementTree.SubElement(case, "system-out").text = _clean(f"{kind}: {text}")
    return case


def _clean(text: str) -> str:
    """The text without what XML 1.0 cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
