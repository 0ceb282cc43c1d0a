"""Facts -> findings. One rule, one module, one page, one test; `judge` runs them, and is the only judge."""

from __future__ import annotations

from bninspect.rules.judge import Judgement, NotRun, judge
from bninspect.rules.rule import Case, Finding, Needs, Rule, Severity
from bninspect.rules.selection import rules, select

__all__ = ["Case", "Finding", "Judgement", "Needs", "NotRun", "Rule", "Severity", "judge", "rules", "select"]
