"""`handrail serve` for writing (rebuilds on change) and `handrail run` for production (gunicorn)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
from mkdocs.exceptions import MkDocsException
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import console, log_to_terminal
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError
from handrail_kb.texts.amounts import counted
from handrail_kb.texts.log.lines import log_lines
from handrail_kb.texts.log.logger import Log
from handrail_search.checking.inspection import Inspector
from handrail_search.checking.report_text import report_lines, summary_of
from handrail_search.commands.build import Flags, what_was_encoded
from handrail_search.commands.options import encoding_bar, find_settings, setting_options
from handrail_search.index.site_build import build_site_and_index
from handrail_search.service.gunicorn_server import (
    base_path,
    bound,
    refuse_busy_port,
    refuse_what_cannot_work,
    serve_in_production,
)

log = Log(__name__)


@click.command()
@config_option
@setting_options()
def serve(config_file: Path, **flags: Flags) -> None:
    """Preview while you write: build, index, answer, and rebuild on change, at one address."""
    log_to_terminal()
    serve_while_writing(find_settings(config_file, flags))


@click.command()
@config_option
@click.option("--site", "site_dir", type=click.Path(file_okay=False, path_type=Path), help="The folder of built HTML.")
@setting_options()
def run(config_file: Path, site_dir: Path | None, **flags: Flags) -> None:
    """Serve the built site in production."""
    settings = find_settings(config_file, flags, needs_file=False, site_dir=site_dir)
    log_lines(settings.text("log_format"))
    serve_in_production(settings)


_REST_SECONDS = 0.4
# How long whoever stops it waits for a build that runs.
_BUILD_ENDS_SECONDS = 15.0


def serve_while_writing(settings: Settings) -> None:
    """Build, serve, and build again when a file changes; until the process is stopped."""
    refuse_busy_port(settings)
    refuse_what_cannot_work(settings)
    console.print("Building the site and its index …")
    _build_and_report(settings)
    # After the build, which reports a mistake in an article sooner.
    from handrail_search.service.app import create_app, parts_of

    app = create_app(settings)
    server = ThreadedWSGIServer(settings.text("host"), settings.number("port"), app, handler=_Quiet)
    watcher = _watch(settings, parts_of(app).live.look)
    address = f"http://{bound(settings)}{base_path(settings)}"
    console.print(
        f"\n[bold]The help site answers at {address}[/bold]\nEdit an article and it is built again. Stop: Ctrl-C"
    )
    # Set explicitly, because a shell makes programs in the background ignore the first of them.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        watcher.stop()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    """No access log: the addresses of pages may contain what customers typed."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _build_and_report(settings: Settings) -> None:
    with encoding_bar() as progress:
        built = build_site_and_index(settings, progress=progress)
    index = built.index
    console.print(
        f"Built {counted(index.pages, 'article')} in {built.site_seconds:.1f} s, index in {built.index_seconds:.1f} s "
        f"({what_was_encoded(index)})"
    )


class Watcher(FileSystemEventHandler):
    """Builds again once files have not changed for a moment; one build at a time, no change missed.

    `then` is called after each build: it has the new site served at once.
    """

    def __init__(self, settings: Settings, then: Callable[[], object]) -> None:
        self._settings = settings
        self._then = then
        self._changed = threading.Event()
        self._observer = Observer()
        self._builder = threading.Thread(target=self._build_on_change, daemon=True)
        self._stopped = False
        self._folders: list[Path] = []
        self._config_file = settings.config_file.resolve() if settings.config_file else None
        self._inspector = Inspector(settings)

    def start(self, folders: list[Path]) -> None:
        """Look at these folders, and at mkdocs.yml."""
        self._folders = [folder.resolve() for folder in folders]
        for folder in self._folders:
            self._observer.schedule(self, str(folder), recursive=True)
        self._observer.schedule(self, str(self._settings.root), recursive=False)  # for mkdocs.yml
        self._observer.start()
        self._builder.start()

    def stop(self) -> None:
        """Stop looking, and wait for a build that runs: Python aborts if a thread prints while it ends."""
        self._stopped = True
        self._changed.set()
        self._observer.stop()
        self._builder.join(_BUILD_ENDS_SECONDS)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note that a file of the site has changed."""
        path = Path(str(event.src_path))
        built = (self._settings.site_dir, self._settings.state_dir, self._settings.index_dir)
        hidden = any(part.startswith(".") for part in path.parts[-2:])
        if event.event_type in ("opened", "closed_no_write") or event.is_directory or hidden:
            return
        of_the_site = any(folder in path.parents for folder in self._folders) or path == self._config_file
        if of_the_site and not any(folder in path.parents for folder in built):
            self._changed.set()

    def _report_changes(self) -> None:
        """What is wrong with the articles that were saved, and what they did to others."""
        try:
            report = self._inspector.look()
        except HandrailError as error:
            console.print(f"Not checked: {error.format_message()}", markup=False)
            return
        for line in report_lines(report.problems):
            console.print(line, markup=False, soft_wrap=True)
        if report.articles:
            asked = f", {counted(report.questions, 'question')} asked" if report.questions else ""
            console.print(f"{counted(report.articles, 'article')} checked{asked}: {summary_of(report.problems)}.")

    def _build_on_change(self) -> None:
        while not self._stopped:
            self._changed.wait()
            while self._changed.is_set():
                self._changed.clear()
                time.sleep(_REST_SECONDS)
            if self._stopped:
                return
            try:
                _build_and_report(self._settings)
                self._then()
                self._report_changes()
            except (HandrailError, MkDocsException) as error:
                console.print(
                    f"[bold red]Not built:[/bold red] {error.format_message()}\nThe last good site is still served."
                )
            except Exception as error:
                log("build.failed", reason=error)


def _watch(settings: Settings, then: Callable[[], object]) -> Watcher:
    from mkdocs.config import load_config

    watcher = Watcher(settings, then)
    config = load_config(str(settings.config_file))
    folders = (
        [Path(config.docs_dir), Path(config.theme.custom_dir)] if config.theme.custom_dir else [Path(config.docs_dir)]
    )
    watcher.start([folder for folder in folders if folder.is_dir()])
    return watcher
