"""The options `--html`, `--overlay` and `--tensorboard`: what is written for people to look at, beside what
is printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bninspect.cli import options
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.report.facts import PageFacts
    from bninspect.render.page.many import Section


html = click.option("--html", metavar="FILE", help="Write a page to look at, too: see `report`.")
"""`--html FILE`, passed as `html`."""
overlays = options.together(
    click.option(
        "--overlay",
        metavar="FILE.json",
        help="Write the scores for Model Explorer: model-explorer MODEL --node_data_paths=FILE.json",
    ),
    click.option(
        "--tensorboard",
        metavar="DIR",
        help="Write an event file with the graph, scores over depth and histograms of the statistics.",
    ),
)
"""`--overlay FILE` and `--tensorboard DIR`, passed under their names."""


@frozen_dataclass
class Targets:
    """The files that are asked for; None for one that is not."""

    html: str | None = None
    overlay: str | None = None
    tensorboard: str | None = None

    @classmethod
    def asked(cls, asked: Mapping[str, Any]) -> Targets:
        """Those of the options."""
        return cls(**{name: asked.get(name) for name in ("html", "overlay", "tensorboard")})

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that will be written."""
        files = tuple(file for file in (self.html, self.overlay) if file is not None)
        if self.tensorboard is None:
            return files
        from bninspect.render.tensorboard import NAME

        return (*files, str(Path(self.tensorboard) / NAME))

    def prepare(self, model: str, inputs: Iterable[str | Path] = ()) -> None:
        """Makes the folder of the event file, before anything runs. Raises OSError for a file that cannot be
        written, RewriteError for one that is read: the model, or one of the inputs.
        """
        from bninspect import files

        if self.tensorboard is not None:
            Path(self.tensorboard).mkdir(parents=True, exist_ok=True)
        read = tuple(inputs)
        for file in map(Path, self.files):
            files.refuse(file)
            files.refuse_read(file, model, inputs=read)

    def write(self, facts: PageFacts) -> None:
        """Writes all of them. Raises OSError; RewriteError for an overlay of a file that is no GraphDef, and
        for a file that belongs to the checkpoint.
        """
        from bninspect import files

        record = facts.report.graph.graphdef
        for file in map(Path, self.files):
            files.refuse_read(file, record.path, prefix=record.checkpoint)
        if self.html is not None:
            files.write(self.html, [page_of(facts).encode()])
        if self.overlay is not None:
            from bninspect.render.model_explorer import overlay

            files.write(self.overlay, [overlay(facts).encode()])
        if self.tensorboard is not None:
            from bninspect.render.tensorboard import event_file

            files.write(self.files[-1], event_file(facts))


class Sections:
    """The page of many models, of which each is let go as soon as its section stands."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._only: str | None = None

    def add(self, result: ModelResult) -> None:
        """Takes the next model."""
        from bninspect.commands.report.facts import facts_of
        from bninspect.commands.report.origin import origin
        from bninspect.render.page.many import section, unread

        if result.case is None:
            self._only = None
            self._sections.append(unread(result))
            return
        facts = facts_of(result.case, result)
        made = origin(options.command_line(), ran=facts.probe is not None)
        self._only = None if self._sections else page_of(facts)
        self._sections.append(section(facts, made, len(self._sections) + 1))

    def page(self, title: str) -> str:
        """An index and a section for each; of one model its page alone, which has a title of its own."""
        from bninspect.render.page.document import document
        from bninspect.render.page.many import many_models

        if self._only is not None:
            return self._only
        return document(title, many_models(title, self._sections))


def page_of(facts: PageFacts) -> str:
    """The page of one model."""
    from bninspect.commands.report.origin import origin
    from bninspect.render.page.document import document
    from bninspect.render.page.model import model_section, model_title

    made = origin(options.command_line(), ran=facts.probe is not None)
    return document(model_title(facts), model_section(facts, made))
