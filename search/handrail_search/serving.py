"""Serving: while writing (one process, rebuilds on change) and in production (gunicorn, several processes)."""

from __future__ import annotations

import atexit
import contextlib
import errno
import logging
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from mkdocs.exceptions import MkDocsException
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from handrail_feedback.channels import Delivery, read_delivery
from handrail_feedback.db import Store
from handrail_feedback.deadline import trust
from handrail_feedback.desk.sessions import secret_key
from handrail_feedback.reporter import Reporter
from handrail_feedback.sender import Sender
from handrail_feedback.teller import Teller
from handrail_kb.addresses import base_of, html_files
from handrail_kb.counting import counted
from handrail_kb.errors import ConfigError, HandrailError, SiteError, StoreUnavailable
from handrail_kb.passages import read_site_info
from handrail_kb.settings import Settings
from handrail_search.inspection import Inspector
from handrail_search.options import console, how_to_build
from handrail_search.problem_lines import report_lines, told_count
from handrail_search.site import build_site_and_index

log = logging.getLogger(__name__)

_REST_SECONDS = 0.4
# A slow client holds a thread; a proxy in front that reads whole requests first is the real defence.
_THREADS = 16


def serve_while_writing(settings: Settings) -> None:
    """Build, serve, and build again when a file changes; until the process is stopped."""
    _refuse_busy_port(settings)
    _refuse_what_cannot_work(settings)
    console.print("Building the site and its index …")
    _build_and_tell(settings)
    from handrail_search.app import create_app  # after the build: a mistake in an article is told sooner

    server = ThreadedWSGIServer(settings.text("host"), settings.number("port"), create_app(settings), handler=_Quiet)
    watcher = _watch(settings)
    address = f"http://{_bound(settings)}{_base_path(settings)}"
    console.print(
        f"\n[bold]The help site answers at {address}[/bold]\nEdit an article and it is built again. Stop: Ctrl-C"
    )
    # Set, because a shell that starts a program in the background has it ignore the first of them.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        watcher.stop()
        server.server_close()


def serve_in_production(settings: Settings) -> None:
    """Serve what was built with several processes; SIGHUP reloads them gracefully, SIGTERM ends them gracefully."""
    _refuse_busy_port(settings)
    if not settings.site_dir.is_dir():
        raise SiteError(f"There is no built site at {settings.site_dir}.", how_to_build(settings))
    if next(html_files(settings.site_dir), None) is None:
        raise SiteError(f"{settings.site_dir} holds no page.", how_to_build(settings))
    delivery = read_delivery(settings)
    _refuse_what_cannot_work(settings)
    _share_metrics()
    address = f"http://{_bound(settings)}{_base_path(settings)}"
    click.echo(f"The help site answers at {address} ({settings.number('workers')} processes)")
    _Production(settings, delivery).run()


class _Quiet(WSGIRequestHandler):
    """No access log: addresses of pages would hold customers' words."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Production(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings; each process makes its own application, so that a reload takes the new code."""

    def __init__(self, settings: Settings, delivery: Delivery) -> None:
        self._settings = settings
        self._delivery = delivery
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": _bound(self._settings),
            "workers": self._settings.number("workers"),
            "worker_class": "gthread",
            "threads": _THREADS,
            "graceful_timeout": 30,
            "timeout": 60,
            "loglevel": "error",  # its warnings name addresses
            "proc_name": "handrail",
            "child_exit": _forget_process,
            "worker_exit": _end_process,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        from handrail_search.app import create_app

        app = create_app(self._settings)
        parts = app.extensions["handrail"]
        mail = self._delivery.tell
        teller = Teller(mail, parts["prover"], parts["key"]) if mail else None
        sender = Sender(
            Store(self._settings.store_file), self._delivery, form=parts["form"], teller=teller,
            reporter=_reporter(self._settings, self._delivery),
        )  # fmt: skip
        if not self._settings.only_answers:
            sender.start()
        app.extensions["handrail"]["sender"] = sender
        return app


def _reporter(settings: Settings, delivery: Delivery) -> Reporter | None:
    to = delivery.report
    return Reporter(to, settings.site_dir, settings.number("topic_people")) if to else None


def _share_metrics() -> None:
    """A folder in which the processes add up their counts.

    It is not beside the store: these files are mapped into memory, and on a full disk that kills who writes them.
    """
    try:
        folder = tempfile.mkdtemp(prefix="handrail-metrics-")
    except OSError as error:
        log.warning("metrics are counted by each process alone: %s", error)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    atexit.register(_remove_if_mine, folder, os.getpid())


def _remove_if_mine(folder: str, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_process(_server: object, worker: Any) -> None:
    """Take a dead process out of the metrics; nothing here may end the service."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        with contextlib.suppress(OSError):
            multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _end_process(_server: object, worker: Any) -> None:
    """Write what waits, then end at once: native threads that outlive the interpreter abort the process."""
    application = getattr(worker, "wsgi", None)
    if application is not None:
        application.extensions["handrail"]["sender"].stop()
        application.extensions["handrail"]["searches"].flush()
    logging.shutdown()
    os._exit(0)


def _build_and_tell(settings: Settings) -> None:
    built = build_site_and_index(settings)
    index = built.index
    console.print(
        f"Built {index.pages} articles in {built.site_seconds:.1f} s, index in {built.index_seconds:.1f} s "
        f"({index.encoded} passages encoded, {index.reused} as before)"
    )


def _bound(settings: Settings) -> str:
    """Host and port as addresses have them: an IPv6 one in brackets."""
    host = settings.text("host")
    return f"[{host}]:{settings.number('port')}" if ":" in host else f"{host}:{settings.number('port')}"


def _refuse_busy_port(settings: Settings) -> None:
    host, port = settings.text("host"), settings.number("port")
    if not 0 < port < 65536:
        raise ConfigError(f"Port {port} is not between 1 and 65535.", "Choose another one: --port 8000")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            of_the_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
            other = f"port: --port {min(port + 1, 65535)}" if of_the_port else "address to listen on: --host 127.0.0.1"
            raise ConfigError(
                f"{host}:{port} cannot be used: {error.strerror or error}.", f"Choose another {other}"
            ) from error


def _refuse_what_cannot_work(settings: Settings) -> None:
    """Raise HandrailError for what would end every process at its start, or lose the first message.

    A full disk and a busy store are no mistakes, and pass: search goes on without them.
    """
    secret_key(settings)
    trust()
    store = Store(settings.store_file)
    try:
        store.check()
    except StoreUnavailable as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF not in _PASSING:
            raise
        log.error("%s", error.what)
    finally:
        store.close()


_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _base_path(settings: Settings) -> str:
    with contextlib.suppress(SiteError):  # the service says so in its log and in readyz
        info = read_site_info(settings.site_dir)
        return base_of(settings.text("base_path") or info.base_path)
    return "/"


class _Watcher(FileSystemEventHandler):
    """Builds again once files have rested for a moment; one build at a time, none lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changed = threading.Event()
        self._observer = Observer()
        self._stopped = False
        self._folders: list[Path] = []
        self._config_file = settings.config_file.resolve() if settings.config_file else None
        self._inspector = Inspector(settings)

    def start(self, folders: list[Path]) -> None:
        self._folders = [folder.resolve() for folder in folders]
        for folder in self._folders:
            self._observer.schedule(self, str(folder), recursive=True)
        self._observer.schedule(self, str(self._settings.root), recursive=False)  # for mkdocs.yml
        self._observer.start()
        threading.Thread(target=self._build_on_change, daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self._observer.stop()

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = Path(str(event.src_path))
        built = (self._settings.site_dir, self._settings.state_dir)
        hidden = any(part.startswith(".") for part in path.parts[-2:])
        if event.event_type in ("opened", "closed_no_write") or event.is_directory or hidden:
            return
        of_the_site = any(folder in path.parents for folder in self._folders) or path == self._config_file
        if of_the_site and not any(folder in path.parents for folder in built):
            self._changed.set()

    def _tell_what_changed(self) -> None:
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
            console.print(f"{counted(report.articles, 'article')} checked{asked}: {told_count(report.problems)}.")

    def _build_on_change(self) -> None:
        while not self._stopped:
            self._changed.wait()
            while self._changed.is_set():
                self._changed.clear()
                time.sleep(_REST_SECONDS)
            try:
                _build_and_tell(self._settings)
                self._tell_what_changed()
            except (HandrailError, MkDocsException) as error:
                console.print(
                    f"[bold red]Not built:[/bold red] {error.format_message()}\nThe last good site is still served."
                )
            except Exception:
                log.exception("the build failed; the last good site is still served")


def _watch(settings: Settings) -> _Watcher:
    from mkdocs.config import load_config

    watcher = _Watcher(settings)
    config = load_config(str(settings.config_file))
    folders = (
        [Path(config.docs_dir), Path(config.theme.custom_dir)] if config.theme.custom_dir else [Path(config.docs_dir)]
    )
    watcher.start([folder for folder in folders if folder.is_dir()])
    return watcher
