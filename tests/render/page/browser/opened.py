"""A page open in a browser, with all that it asked for and complained about."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

_OVERLAPS = """
() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    if (!svg.getBoundingClientRect().width) continue;
    const texts = [...svg.querySelectorAll("text")].map(
      text => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([name, one], index) => texts.slice(index + 1).forEach(([other, two]) => {
      const wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
      const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
      if (wide > 1 && high > 3) found.push(name + " | " + other);
    }));
  }
  return found;
}
"""
"""Pairs of words in one drawing that cover one another. Boxes of text are taller than its letters, by 3."""
_OUTSIDE = """
() => [...document.querySelectorAll("main *")].filter(element => {
  const scrolled = element.closest(".tables");
  const box = element.getBoundingClientRect();
  const card = element.parentElement.closest(".card, .fact");
  const limit = card ? card.getBoundingClientRect() : document.documentElement.getBoundingClientRect();
  const cut = element.closest(".c, title");
  return !scrolled && !cut && box.width && (box.right > limit.right + 1 || box.left < limit.left - 1);
}).map(element => element.tagName + ": " + element.textContent.slice(0, 60))
"""
"""Elements that stick out of their card, or of the window."""
_BEYOND = """
() => [...document.querySelectorAll(".wiring svg")].flatMap(svg => {
  const boxes = [...svg.querySelectorAll("rect")].map(box => box.getBoundingClientRect());
  return [...svg.querySelectorAll("text.b, text.m")].filter(text => {
    const at = text.getBoundingClientRect();
    return !boxes.some(box => box.left <= at.left && at.right <= box.right && box.top <= at.top + 4);
  }).map(text => text.textContent);
})
"""
"""Words of a wiring that stick out of their box."""
_BROKEN = """
() => [...document.querySelectorAll("data")].filter(
  element => element.getClientRects().length > 1).map(element => element.textContent)
"""


@dataclass
class Opened:
    """One page."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """What was asked for besides the file itself."""
    messages: list[str] = field(default_factory=list)
    """Of the console, errors of scripts, and windows that opened."""

    @classmethod
    def of(cls, page: Page, path: Path) -> Opened:
        """The file, open."""
        found = cls(page)
        address = path.as_uri()
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda message: found.messages.append(message.text))
        page.on("pageerror", lambda error: found.messages.append(str(error)))
        page.on("dialog", lambda dialog: found.messages.append(dialog.message))
        page.goto(address)
        found.requests = [
            url for url in found.requests if url != address and not url.startswith("data:image/png;")
        ]
        return found

    def violations(self) -> list[str]:
        """What axe-core has to say against the page."""
        source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(source)
        result: dict[str, Any] = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}: {one['nodes'][0].get('failureSummary')}"
            for one in result["violations"]
        ]

    def overlapping(self) -> list[str]:
        """Words in a drawing that cover one another."""
        found: list[str] = self.page.evaluate(_OVERLAPS)
        return found

    def beyond(self) -> list[str]:
        """Words of a wiring that stick out of their box."""
        found: list[str] = self.page.evaluate(_BEYOND)
        return found

    def broken(self) -> list[str]:
        """Numbers that stand on two lines."""
        found: list[str] = self.page.evaluate(_BROKEN)
        return found

    def outside(self) -> list[str]:
        """Elements that stick out of the window, which nothing scrolls to."""
        found: list[str] = self.page.evaluate(_OUTSIDE)
        return found
