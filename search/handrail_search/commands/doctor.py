"""`handrail doctor`: examines each part that has to work, changes nothing, and names the command that mends it."""

from __future__ import annotations

import importlib.metadata
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from pathlib import Path

import click

from handrail_feedback.accounts.openid_settings import provider_of
from handrail_feedback.accounts.sessions import given_key, refuse_key_of_its_own, secret_key
from handrail_feedback.delivery.alarm import count, trouble
from handrail_feedback.delivery.attended import is_attended, longest_absence
from handrail_feedback.delivery.channels import can_answer, read_delivery
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store, StoreBehind
from handrail_feedback.storage.examination import examine_store
from handrail_feedback.storage.job_runs import last_successes, restored_from
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_feedback.storage.upkeep.capacity import how_full
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.system_errors import of_system
from handrail_kb.config.durable_files import has_no_more_files, show_room
from handrail_kb.config.not_installed import how_to_install, missing_parts, told
from handrail_kb.config.plain_files import how_to_clear, no_folder
from handrail_kb.config.settings import Settings, docs_dir_of, refuse_no_articles
from handrail_kb.config.shown import as_typed
from handrail_kb.config.state_folder import NO_FOLDER, OF_ANOTHER_USER, out_of_place
from handrail_kb.errors import ConfigError, HandrailError, IndexUnusable
from handrail_kb.language.printable import printable
from handrail_kb.policy.policy import FILE as CSP_FILE
from handrail_kb.site.built.site_info import read_site_info, site_info_or_defaults
from handrail_kb.texts.amounts import counted, exactly
from handrail_kb.texts.installing import install_extra, missing
from handrail_search.commands.options import find_settings
from handrail_search.embedding.tuned import read_tuned
from handrail_search.embedding.weights import choose_another, find_model
from handrail_search.index import other_generators
from handrail_search.index.generation import current_generation
from handrail_search.index.manifest import TRUSTED, read_manifest
from handrail_search.index.site_build import encoder_of, how_to_build, mkdocs_problems, refuse_no_site
from handrail_search.index.site_copy import read_whole_site
from handrail_search.ranking.searcher import Searcher
from handrail_search.service.rate_limits.shared_counts import shared_counts


@dataclass(frozen=True)
class Finding:
    """One part, its state, and what mends it; `mend` is empty when it is well."""

    part: str
    state: str
    mend: str = ""
    fatal: bool = True


@click.command()
@config_option
def doctor(config_file: Path) -> None:
    """Say what is wrong with this installation and how to fix it."""
    findings = list(examine(config_file))
    for finding in findings:
        sign = "ok  " if not finding.mend else "BAD " if finding.fatal else "note"
        click.echo(f"{sign}  {finding.part:<10} {finding.state}")
        if finding.mend:
            click.echo(f"      {'':<10} {finding.mend}")
    if any(finding.mend and finding.fatal for finding in findings):
        raise click.exceptions.Exit(1)


def examine(config_file: Path) -> Iterator[Finding]:
    """Every part, those first that others depend on."""
    yield Finding("python", sys.version.split()[0])
    yield _packages()
    try:
        settings = find_settings(config_file, {}, needs_file=False)
    except HandrailError as error:
        yield Finding("settings", error.what, error.mend or "Mend mkdocs.yml, then run this again.")
        return
    yield Finding("settings", str(config_file) if config_file.exists() else f"no {config_file}: defaults are used")
    yield from _mkdocs(settings)
    yield from _other_name(settings)
    yield _role(settings)
    for part, look in _PARTS.items():
        if settings.only_answers and part in _OF_MESSAGES:
            continue
        try:
            yield Finding(part, look(settings))
        except StoreBehind:
            yield Finding(part, "told when the store is up to date")
        except (HandrailError, OSError) as error:
            yield _bad(part, of_system(error) if isinstance(error, OSError) else error, settings)


def _bad(part: str, error: HandrailError, settings: Settings) -> Finding:
    mend = error.mend or "Handrail's help says more: operators/doctor/"
    if mend.startswith("Build ") and mend.endswith(_BUILD):  # and no more than that
        mend = how_to_build(settings)
    return Finding(part, error.what, mend, part not in _OPTIONAL)


def _packages() -> Finding:
    absent = missing("service")
    if absent:
        return Finding("packages", f"missing or too old: {', '.join(absent)}", f"Mend it: {install_extra('service')}")
    versions = []
    for name in ("handrail", "mkdocs", "mkdocs-material", "flask", "faiss-cpu", "onnxruntime", "sqlite-utils"):
        with suppress(importlib.metadata.PackageNotFoundError):  # the theme is not needed to answer
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return Finding("packages", ", ".join(versions))


def _mkdocs(settings: Settings) -> Iterator[Finding]:
    """What keeps MkDocs from building: missing parts, and mistakes. Serving what was built does not need it."""
    file = settings.config_file
    if file is None or not file.exists():
        return
    fatal = not settings.served_site.is_dir()
    try:
        refuse_no_articles(docs_dir_of(file))
    except ConfigError as error:
        state = error.what if fatal else f"{error.what} What was built is served; it cannot be built again here."
        yield Finding("mkdocs", state, error.mend, fatal=fatal)
        return
    if absent := missing_parts(file):
        state = f"{told(absent)}: this site cannot be built here"
        yield Finding("mkdocs", state, how_to_install(file, absent), fatal=fatal)
    elif wrong := [one for one in mkdocs_problems(file) if one.severity == "error"]:
        more = f" (and {counted(len(wrong) - 1, 'other')})" if len(wrong) > 1 else ""
        yield Finding("mkdocs", f"{wrong[0]}{more}", "See each with its line: handrail check", fatal=fatal)


def _other_name(settings: Settings) -> Iterator[Finding]:
    """What serves calls itself otherwise than mkdocs.yml does, as a generation of another site would."""
    name = printable(site_info_or_defaults(settings.served_site).name[:80])
    if settings.site_name and name not in ("", settings.site_name[:80]):
        state = f"what serves is called '{name}', and mkdocs.yml says '{settings.site_name[:80]}'"
        yield Finding("name", state, f"If it is another site, or has a new name: {how_to_build(settings)}", fatal=False)


def _folder(settings: Settings) -> str:
    folder = settings.state_dir
    found = list(out_of_place(folder, settings.index_dir))
    if not found:
        return str(folder) if folder.exists() else f"none yet: the first build makes {folder}"
    path, what = found[0]
    if what == NO_FOLDER and (known := no_folder(path)):
        raise HandrailError(*known)
    more = f" (and {counted(len(found) - 1, 'other')})" if len(found) > 1 else ""
    mend = f"Move it away: {how_to_clear(path)}; then see what lacks: handrail doctor"
    if what == OF_ANOTHER_USER:
        top = settings.index_dir if path.is_relative_to(settings.index_dir) else folder
        at, all_of_it = as_typed(path), as_typed(top)
        mend = f"Let the service's user have it: ls -ld {at}; chown -R USER {all_of_it}; chmod -R u+rwX {all_of_it}"
    raise HandrailError(f"{path} {what}{more}.", mend)


def _site(settings: Settings) -> str:
    site = settings.served_site
    refuse_no_site(settings)
    info = read_site_info(site)
    if not info.articles:
        generator = other_generators.generator_of(site)
        if mend := other_generators.advice(settings, site):
            raise HandrailError(f"{site} was built without Handrail's plugin.", mend)
        return f"{site}, built by {generator or 'another generator'}; after each build: handrail index"
    if not (site / CSP_FILE).is_file():
        raise HandrailError(
            f"{site / CSP_FILE} is missing: browsers block what pages load and run beside the site's own files.",
            how_to_build(settings),
        )
    unsearched = sum(bool(article.get("exclude")) for article in info.articles.values())
    note = f", {unsearched} of them not for search" if unsearched else ""
    return f"{site}, {len(info.articles)} articles{note}"


def _index(settings: Settings) -> str:
    searcher = Searcher.open(current_generation(settings.index_dir))
    if searcher.missing:
        raise HandrailError(
            "The index's encoder cannot be used: words answer alone.", "Build it again: handrail build --full"
        )
    read_whole_site(searcher.index.folder, searcher.index.manifest.files)
    manifest = searcher.index.manifest
    size = f"{counted(manifest.pages, 'article')}, {counted(manifest.passages, 'passage')}"
    return f"{searcher.index.name}, {size}, made with {manifest.recipe.model}"


def _encoder(settings: Settings) -> str:
    model = encoder_of(settings)
    tuned = read_tuned(model, settings.state_dir)
    if tuned:
        return (
            f"{tuned.base}, tuned on {tuned.questions} questions at {tuned.made}, sha256 {tuned.weights_sha256[:16]}…"
        )
    return f"{settings.text('encoder')}, sha256 {find_model(model)[1][:16]}…"


def _language(settings: Settings) -> str:
    try:
        manifest = read_manifest(current_generation(settings.index_dir))
    except IndexUnusable:
        return "told when there is an index"
    model = manifest.recipe.model
    if manifest.trust < TRUSTED:
        raise HandrailError(
            f"{model} does not know the language of these articles: words answer, meaning hardly helps.",
            choose_another(),
        )
    return f"{model} knows the language of the articles"


def _store(settings: Settings) -> str:
    place = settings.store_place
    with closing(Store(place)) as store:
        refuse_key_of_its_own(store.place, shared=store.shared)
    return examine_store(place, _LONGEST_LOOK_SECONDS)


def _room(settings: Settings) -> str:
    if has_no_more_files(settings.state_dir):
        raise HandrailError(
            f"The disk of {settings.state_dir} has no room for another file, however many bytes are free.",
            f"Remove files that are not needed: {show_room(settings.state_dir)}",
        )
    with closing(Store(settings.store_place)) as store:
        if not store.exists():
            return "nothing is kept yet"
        found = how_full(store)
    if short := [one.told() for one in found if one.near]:
        raise HandrailError(
            f"The store is nearly full: {'; '.join(short)}.",
            "Free some disk, keep searches for a shorter time (retention_days), erase messages: handrail forget CODE",
        )
    most = max(found, key=attrgetter("share"))
    return f"enough; most used is {most.told()}"


def _key(settings: Settings) -> str:
    if given_key():
        return "HANDRAIL_SECRET_KEY"
    key = settings.state_dir / "secret.key"
    if not key.exists():  # the service makes it: made here it would belong to the user of this command
        return f"none yet: the service makes {key}"
    secret_key(settings)
    return str(key)


def _backup(settings: Settings) -> str:
    with closing(Store(settings.store_place)) as store:
        if not store.exists():
            return "nothing to back up yet"
        runs, file = last_successes(store), restored_from(store)
    # What was put back is a backup of all that the store held then.
    of_job = {"backup": "the last one was made", "restore": f"none since the store was restored from {file},"}
    known = [(runs[job], said) for job, said in of_job.items() if job in runs]
    if not known:
        raise HandrailError("The store was never backed up.", "Do it now, then once a day or more: handrail backup")
    last, said = max(known)
    age = now() - last
    said = f"{said} {last:%Y-%m-%d %H:%M} UTC, {exactly(age)} ago"
    if age > _OLD_BACKUP:
        raise HandrailError(said, "Make one, and see why none was made: handrail backup")
    return said


def _delivery(settings: Settings) -> str:
    delivery = read_delivery(settings)
    if delivery.answers and "mail" not in delivery.channels:
        delivery.answers.check()
    if not delivery.routes:
        return "nothing is set to deliver messages: read them with handrail contact list"
    if delivery.alarm_mail and "mail" not in delivery.channels:
        delivery.alarm_mail.check()
    return "; ".join(f"{name}: {channel.check()}" for name, channel in delivery.channels.items())


def _outbox(settings: Settings) -> str:
    at = now()
    with closing(Store(settings.store_place)) as store:
        if not store.exists():
            return "no message yet"
        stands = outbox_status(store, at)
    problems = trouble(stands, read_delivery(settings).alarm_after, at)
    if problems:
        raise HandrailError(" ".join(problems), "See each with its reason: handrail outbox")
    waits = count(stands.waiting) if stands.waiting else "no message waits"
    return f"{waits}; {stands.unsent} were kept while nothing was set to deliver them" if stands.unsent else waits


def _port(settings: Settings) -> str:
    host, port = settings.text("host"), settings.number("port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise HandrailError(
                f"{host}:{port} is in use: {error.strerror}.",
                f"Well if Handrail runs already; else choose another: handrail run --port {port + 1}",
            ) from error
    return f"{host}:{port} is free"


def _desk(settings: Settings) -> str:
    given_key()
    provider_of(settings)  # raises what keeps the service from starting
    with closing(Store(settings.store_place)) as store:
        members = staff.everybody(store) if store.exists() else []
    if not members:
        return "nobody can sign in at desk/ yet: handrail users add NAME"
    return f"{len(members)} can sign in at desk/" + (", and answer by mail" if can_answer(settings) else "")


def _openid(settings: Settings) -> str:
    try:
        provider = provider_of(settings)
    except ConfigError:
        return "told under desk"
    return provider.look() if provider else "not set: people sign in with name and password"


def _limits(settings: Settings) -> str:
    counts = shared_counts(settings)
    if counts is None:
        return "each process counts for itself"
    counts.look_once()
    return "counted over all nodes, in limits_store"


def _role(settings: Settings) -> Finding:
    """What this node does, and for one that takes messages, whether somebody delivers them."""
    role = settings.text("role")
    if role != "answer":
        return Finding("role", _ROLES[role])
    try:
        with closing(Store(settings.store_place)) as store:
            last = last_attended(store) if store.exists() else None
    except HandrailError as error:
        return Finding("role", f"answer: {error.what}", error.mend)
    if last is None:
        state = f"answer: takes no messages, because nobody delivers from {store.place}"
        return Finding("role", state, _START_FIRST, fatal=not store.shared)
    at = now()
    if is_attended(last, longest_absence(settings), at):
        return Finding("role", f"answer: takes messages; another node delivers, seen {last:%Y-%m-%d %H:%M:%S} UTC")
    state = f"answer: takes no messages, because nobody has delivered since {last:%Y-%m-%d %H:%M} UTC"
    return Finding("role", state, "Start the node with role all: handrail run", fatal=False)


_PARTS: dict[str, Callable[[Settings], str]] = {
    "folder": _folder,
    "site": _site,
    "encoder": _encoder,
    "index": _index,
    "language": _language,
    "store": _store,
    "room": _room,
    "key": _key,
    "backup": _backup,
    "delivery": _delivery,
    "outbox": _outbox,
    "desk": _desk,
    "openid": _openid,
    "limits": _limits,
    "port": _port,
}
_BUILD = "handrail build"
# For reading the pages of the store.
_LONGEST_LOOK_SECONDS = 5.0
# As in the alert HandrailBackupOld.
_OLD_BACKUP = timedelta(days=2)
# A machine that only serves needs no encoder of its own, a port in use may be ours, and words find much, too.
# While the provider is away, people sign in with a password.
_OPTIONAL = ("encoder", "language", "port", "backup", "room", "openid")
_ROLES = {
    "all": "all: search, messages and the desk",
    "search": "search: this machine only searches; it takes no messages",
}
_START_FIRST = "Start the node with role all on it first: handrail run. Or take no messages here: role: search"
# From another machine, where this one only serves.
_OF_MESSAGES = ("delivery", "outbox", "desk", "openid", "backup")
