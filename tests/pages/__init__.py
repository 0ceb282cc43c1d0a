"""The documents: README.md and the pages of docs/, of which some are generated and all are run.

`python -m tests.pages` writes the generated pages; `python -m tests.pages --check` says which of them are not
as they would be written.
"""

from __future__ import annotations

from tests.support.places import ROOT

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = (README, *sorted(DOCS.rglob("*.md")))
