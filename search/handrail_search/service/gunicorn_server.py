"""The gunicorn that serves the application in production."""

from __future__ import annotations

import atexit
import contextlib
import errno
import logging
import os
import resource
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask
from gunicorn import systemd
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from handrail_feedback.accounts.sessions import refuse_key_of_its_own, secret_key
from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.channels import Delivery, read_delivery
from handrail_feedback.delivery.deadline import trust
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.weekly_mail import Reporter
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_kb.addresses import html_files
from handrail_kb.config.durable_files import claim_folder
from handrail_kb.config.settings import Settings
from handrail_kb.contact.reply_due import contact_of
from handrail_kb.errors import ConfigError, SiteError, StoreLost, StoreUnavailable
from handrail_kb.site.built.site_info import read_site_info
from handrail_kb.texts.log.logger import Log
from handrail_search.index.site_build import how_to_build, refuse_no_site
from handrail_search.service.monitoring.allocated_counts import room_in
from handrail_search.service.monitoring.process_files import merge_ended, shared_folder
from handrail_search.service.monitoring.stopping import Stopping
from handrail_search.service.overload import CONNECTIONS, WatchedWorker
from handrail_search.service.rate_limits.shared_counts import shared_counts
from handrail_search.service.site_files import BuiltSite, base_path_in

if TYPE_CHECKING:  # what it needs is loaded in each process
    from handrail_search.service.app import Parts

log = Log(__name__)

THREADS = 16
# The words of a search are in the first line: 500 letters, each of up to four bytes, each byte written as `%E6`.
# Not above what the documented web servers pass on.
LINE_BYTES, HEADERS, HEADER_BYTES = 8190, 100, 8190
# Files that a process has open beside its connections, at most.
OTHER_FILES = 500


def serve_in_production(settings: Settings) -> None:
    """Serve what was built with several processes; SIGHUP reloads them gracefully, SIGTERM ends them gracefully."""
    refuse_busy_port(settings)
    refuse_no_site(settings)
    site = settings.served_site
    if next(html_files(site), None) is None:
        raise SiteError(f"{site} holds no page.", how_to_build(settings))
    delivery = None if settings.only_answers else read_delivery(settings)
    refuse_what_cannot_work(settings)
    _share_metrics()
    address = f"http://{bound(settings)}{base_path(settings)}"
    threading.excepthook = _thread_ended
    _say_where(address, settings)
    Production(settings, delivery).run()


def _say_where(address: str, settings: Settings) -> None:
    """Where the site is, for whoever started it; programs that read the log get it as an event."""
    processes = settings.number("workers")
    if settings.text("log_format") == "json":
        log("service.started", place=address, processes=processes)
    else:
        with contextlib.suppress(OSError):  # a log on a full disk keeps no service from starting
            click.echo(f"The help site answers at {address} ({processes} processes)")


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Log what ended a thread. Python itself would print a traceback, with whatever the error quotes."""
    error = ended.exc_value
    if error is not None:
        log("service.thread_ended", reason=error)


class GunicornLog(Logger):  # type: ignore[misc]
    """gunicorn's log in our lines, where what a request contained is left out."""

    def _set_handler(self, log: logging.Logger, output: str | None, fmt: object, stream: object = None) -> None:
        log.handlers, log.propagate = [], True


class _Master(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which lets load balancers notice before it stops."""

    def handle_term(self) -> None:
        """SIGTERM: the node is not ready from now on; after `drain_seconds` no connection is taken any more."""
        self.app.stopping.begin()
        time.sleep(self.app.drain_seconds)  # meanwhile its processes answer as before
        super().handle_term()


class Production(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings; each process makes its own application, so that a reload takes the new code."""

    def __init__(self, settings: Settings, delivery: Delivery | None) -> None:
        self._settings = settings
        self._delivery = delivery
        self.stopping = Stopping()
        self.drain_seconds = settings.number("drain_seconds")
        # gunicorn would report that it is ready before any process can answer.
        self._told_to = os.environ.pop("NOTIFY_SOCKET", "")
        super().__init__()

    def run(self) -> None:
        """Serve until told to stop."""
        _Master(self).run()

    def load_config(self) -> None:
        """What gunicorn is told."""
        options: dict[str, Any] = {
            "bind": bound(self._settings),
            "workers": self._settings.number("workers"),
            "worker_class": WatchedWorker,
            "threads": THREADS,
            "worker_connections": connections(),
            "limit_request_line": LINE_BYTES,
            "limit_request_fields": HEADERS,
            "limit_request_field_size": HEADER_BYTES,
            "graceful_timeout": 30,
            "timeout": 60,
            "loglevel": "error",  # its warnings contain addresses
            "logger_class": GunicornLog,
            "proc_name": "handrail",
            "post_worker_init": self._say_ready,
            "child_exit": _forget_process,
            "worker_tmp_dir": _place_for_heartbeats(self._settings.state_dir),
            "worker_exit": _end_process,
            # What a client says about a proxy is not taken, whoever it is: `trusted_proxies` says whom to believe.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            # gunicorn's own remote control writes into the home folder; nobody may write but into the state folder.
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # the last one came with gunicorn 25.1
                self.cfg.set(name, value)

    def _say_ready(self, worker: Any) -> None:
        """Tell systemd (`Type=notify`) that this process answers."""
        if self._told_to:
            os.environ["NOTIFY_SOCKET"] = self._told_to
            systemd.sd_notify("READY=1\nSTATUS=Answers searches", worker.log, unset_environment=True)

    def load(self) -> Flask:
        """The application of one process, with what works beside its requests."""
        from handrail_search.service.app import create_app, parts_of

        app = create_app(self._settings, self.stopping)
        parts = parts_of(app)
        if self._delivery:
            sender = self._sender(parts, self._delivery)
            sender.start()
            app.extensions["handrail"] = replace(parts, sender=sender)
        return app

    def _sender(self, parts: Parts, delivery: Delivery) -> Sender:
        mail = delivery.tell
        return Sender(
            Store(self._settings.store_place),
            delivery,
            form=parts.form,
            notifier=AnswerNotifier(mail, parts.prover, parts.key) if mail else None,
            reporter=reporter_of(self._settings, delivery, parts.site),
        )


def reporter_of(settings: Settings, delivery: Delivery, site: BuiltSite) -> Reporter | None:
    """What mails the weekly report, on the site that serves: CURRENT may name one that was refused."""
    to = delivery.report
    zone = contact_of(settings).zone
    return Reporter(to, lambda: site.folder, settings.number("topic_people"), zone) if to else None


def connections() -> int:
    """How many connections a process may hold, as the limit of open files allows, which is raised first if it may be.

    Many systems start with 1,024: as many connections would leave nothing for the store.
    """
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        enough = CONNECTIONS + OTHER_FILES
        if 0 <= soft < enough:  # without a limit it is below 0
            raised = enough if hard < 0 else min(enough, hard)
            with contextlib.suppress(OSError):  # systemd may forbid it
                resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
                soft = raised
    except (OSError, ValueError):
        return CONNECTIONS
    return CONNECTIONS if soft < 0 else min(CONNECTIONS, max(soft - OTHER_FILES, soft // 2))


def _share_metrics() -> None:
    """Create a folder in which the processes add up their counts; without room for it each counts for itself.

    It is not next to the store, which needs that room more.
    """
    try:
        folder, _lock = claim_folder(Path(tempfile.gettempdir()), "handrail-metrics-")
        atexit.register(_remove_if_mine, folder, os.getpid())
        room_in(folder)
    except OSError as error:
        log("metrics.not_shared", reason=error)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _remove_if_mine(folder: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_process(server: Any, _worker: object) -> None:
    """Add up what ended processes have counted; nothing here may end the service, or hold it up."""
    folder = shared_folder()
    if folder is not None:
        with contextlib.suppress(OSError):  # their files stay, and are read as they are, until the next process ends
            merge_ended(folder, set(server.WORKERS))


def _end_process(_server: object, worker: Any) -> None:
    """Write what is still queued, then end at once: native threads that outlive the interpreter abort the process."""
    application = getattr(worker, "wsgi", None)
    if application is not None:
        from handrail_search.service.app import parts_of

        parts = parts_of(application)
        if parts.sender:
            parts.sender.stop()
        parts.searches.flush()
    logging.shutdown()
    os._exit(0)


def _place_for_heartbeats(state_dir: Path) -> str | None:
    """A folder where each process may make the empty file by which gunicorn sees that it lives, wherever there is one.

    Without any, gunicorn says so itself.
    """
    folders = [Path("/dev/shm")]  # noqa: S108 (in memory: a disk that is full or slow must not look like a dead process)
    with contextlib.suppress(OSError):
        folders.append(Path(tempfile.gettempdir()))
    for folder in (*folders, state_dir):
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder):
            return str(folder)
    return None


def bound(settings: Settings) -> str:
    """Host and port as written in addresses: IPv6 in brackets."""
    host = settings.text("host")
    return f"[{host}]:{settings.number('port')}" if ":" in host else f"{host}:{settings.number('port')}"


def refuse_busy_port(settings: Settings) -> None:
    """Raise ConfigError where the host and port cannot be used."""
    host, port = settings.text("host"), settings.number("port")
    if not 0 < port < 65536:
        raise ConfigError(f"Port {port} is not between 1 and 65535.", "Choose another one: --port 8000")
    if not host.strip():  # systems take that for every address of the machine
        raise ConfigError(
            "host is empty, so it is not known which address to listen on.",
            "Choose one: --host 127.0.0.1 for a proxy on this machine, or --host 0.0.0.0 for everybody",
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (UnicodeError, TypeError) as error:
            raise ConfigError(f"'{host[:80]}' is no host.", "Choose an address: --host 127.0.0.1") from error
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            of_the_port = taken or error.errno == errno.EACCES
            other = f"port: --port {min(port + 1, 65535)}" if of_the_port else "address to listen on: --host 127.0.0.1"
            see = f"See what listens there: ss -ltnp 'sport = :{port}'. Or choose" if taken else "Choose"
            raise ConfigError(
                f"{host}:{port} cannot be used: {error.strerror or error}.", f"{see} another {other}"
            ) from error


def refuse_what_cannot_work(settings: Settings) -> None:
    """Raise HandrailError for anything that would end every process at its start, or lose the first message.

    A full disk, a busy store and one that was lost are no mistakes of whoever starts: pages and search work without
    them, customers are told that their message was not kept, and readyz says why.
    """
    secret_key(settings)
    shared_counts(settings)
    trust()
    store = Store(settings.store_place)
    refuse_key_of_its_own(store.place, shared=store.shared)
    try:
        if steps := store.upgrade():
            log("store.upgraded", told=", ".join(steps))
        store.check()
    except StoreUnavailable as error:
        if not error.passing and not isinstance(error, StoreLost):
            raise
        log("service.store_unavailable", reason=error)
    else:
        refuse_store_of_its_own(store, settings)
    finally:
        store.close()


def refuse_store_of_its_own(store: Store, settings: Settings) -> None:
    """Raise ConfigError for a node that takes messages and delivers none, on a file that nobody delivers from.

    A file that somebody has ever delivered from is shared, and a database is made for it. Whether somebody delivers now
    is asked with each message.
    """
    if settings.text("role") == "answer" and not store.shared and last_attended(store) is None:
        raise ConfigError(
            f"The role is answer, but no node with role all has used {store.place}: messages kept there would reach "
            "nobody.",
            "Start the node that delivers on this store first, or take no messages here: handrail run --role search",
        )


def base_path(settings: Settings) -> str:
    """The path of the site, with a slash at both ends."""
    with contextlib.suppress(SiteError):  # the service reports it in its log and in readyz
        return base_path_in(settings, settings.served_site, read_site_info(settings.served_site))
    return "/"
