"""Output of the commands on the terminal: progress bars and log lines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# Shown although it is no warning: exporting an encoder takes long, front matter that cannot be read is on the page, and
# what the policy blocks is missing from it.
_SHOWN = ("encoder.preparing", "build.tolerated", "build.advice")

console = Console(stderr=True, highlight=False)


def log_to_terminal(level: int = logging.WARNING) -> None:
    """Warnings of MkDocs and ours, one line each, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    handler.addFilter(lambda line: line.levelno >= level or getattr(line, "event", "") in _SHOWN)
    for name in ("mkdocs", "handrail_search", "handrail_feedback", "handrail_kb"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
    for name in ("mkdocs.plugins.handrail", "handrail_search.embedding.export"):
        logging.getLogger(name).setLevel(min(level, logging.INFO))


@contextmanager
def bar_when_needed(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that moves a progress bar; the bar is shown from the first step to the last."""
    bar, advance = progress_bar(what)

    def move(done: int, total: int) -> None:
        bar.start()
        advance(done, total)
        if done >= total:
            bar.stop()

    try:
        yield move
    finally:
        if bar.live.is_started:  # else it would end a line that it never began
            bar.stop()


def progress_bar(what: str) -> tuple[Progress, Callable[[int, int], None]]:
    """A progress bar to use as a context manager, and the function that moves it."""
    bar = Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return bar, advance
