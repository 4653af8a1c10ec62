"""Makes delivery channels from the settings, and refuses at startup what would fail with the first message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import urlsplit

from handrail_feedback.delivery.customer_mail import AnswerMail, NotificationMail
from handrail_feedback.delivery.folder import Folder
from handrail_feedback.delivery.smtp import PORTS, Mail, MailServer
from handrail_feedback.delivery.webhook import LOCAL, Webhook
from handrail_feedback.records.mailings import WEEKDAYS, Schedule
from handrail_feedback.records.messages import KeptMessage
from handrail_feedback.records.outbox import Patience, Route, parse_routes
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import Settings
from handrail_kb.contact.email_addresses import mailboxes_in, read_mailbox
from handrail_kb.errors import ConfigError

_LONGEST_ATTEMPT = 600
_SHORTEST_SECRET = 16
# Added to the time that an attempt may take, because name resolution has its own time-outs.
_LEASE_MORE = timedelta(seconds=15)
_SEE = "See how: docs operators/deliver, or turn delivery off with deliver: ''"


class DeliveryChannel(Protocol):
    """One way of delivering a message to a person."""

    @property
    def name(self) -> str:
        """The name in the setting `deliver`."""

    def deliver(self, message: KeptMessage) -> None:
        """Hand the message over. Raises DeliveryFailed unless it was certainly accepted."""

    def check(self) -> str:
        """Test the channel without a message, and return the result in words. Raises DeliveryFailed."""


@dataclass(frozen=True)
class Delivery:
    """Everything about delivery in the settings."""

    routes: tuple[Route, ...]
    channels: Mapping[str, DeliveryChannel]
    patience: Patience
    alarm_after: timedelta
    alarm_mail: Mail | None = None
    receipts: Mail | None = None
    answers: AnswerMail | None = None
    tell: NotificationMail | None = None
    report: ReportMail | None = None


@dataclass(frozen=True)
class ReportMail:
    """The recipients and the schedule of the weekly report."""

    mail: Mail
    schedule: Schedule

    def send(self, mail: EmailMessage) -> None:
        """Hand the report to the mail server. Raises DeliveryFailed unless it was certainly accepted."""
        self.mail.send(mail)


def read_delivery(settings: Settings, environ: Mapping[str, str] | None = None) -> Delivery:
    """The channels in the settings. Raises ConfigError naming the setting that is missing or wrong."""
    environ = os.environ if environ is None else environ
    routes = parse_routes(settings.text("deliver"))
    seconds = settings.number("delivery_seconds")
    if seconds > _LONGEST_ATTEMPT:
        raise ConfigError(f"delivery_seconds: expected at most {_LONGEST_ATTEMPT}, but found {seconds}.", _SEE)
    names = sorted({name for route in routes for name in route.channels})
    return Delivery(
        routes,
        {name: _channel(name, settings, environ) for name in names},
        Patience(timedelta(seconds=seconds) + _LEASE_MORE, timedelta(minutes=settings.number("failover_minutes"))),
        timedelta(minutes=settings.number("alarm_minutes")),
        _mail(settings, environ, to="alarm_to") if settings.text("alarm_to") else None,
        receipts=_mail(settings, environ, to="mail_to") if can_confirm(settings) else None,
        answers=_answers(settings, environ) if can_answer(settings) else None,
        tell=_tell(settings, environ) if can_notify(settings) else None,
        report=read_report_mail(settings, environ) if settings.text("report_to").strip() else None,
    )


def can_confirm(settings: Settings) -> bool:
    """Whether customers get their code by mail: if messages go by mail, so that somebody reads the replies."""
    routes = parse_routes(settings.text("deliver"))
    return settings.flag("receipts") and any("mail" in route.channels for route in routes)


def can_answer(settings: Settings) -> bool:
    """Whether the desk can answer by mail: if there is a mail server, and an address to write from."""
    return bool(settings.text("smtp_host").strip() and settings.text("mail_from").strip())


def can_notify(settings: Settings) -> bool:
    """Whether customers can be notified of an answer: the mail links to the site, so its address must be known."""
    wanted = bool(settings.site_url) and settings.number("tell_days") > 0
    return can_answer(settings) and wanted and settings.text("role") != "search"


def _tell(settings: Settings, environ: Mapping[str, str]) -> NotificationMail:
    answers = _answers(settings, environ)
    return NotificationMail(answers.server, answers.sender, f"{settings.site_url.rstrip('/')}/", answers.replies)


def _answers(settings: Settings, environ: Mapping[str, str]) -> AnswerMail:
    mail = _mail(settings, environ, to="mail_from")
    replies = _addresses(settings, "mail_to") if settings.text("mail_to").strip() else ()
    return AnswerMail(mail.server, mail.sender, replies)


def read_report_mail(settings: Settings, environ: Mapping[str, str] | None = None) -> ReportMail:
    """The recipients and schedule of the weekly report. Raises ConfigError naming the missing or wrong setting."""
    hour = settings.number("report_hour")
    if hour > 23:
        raise ConfigError(f"report_hour: expected 0 to 23, but found {hour}.", "It is an hour of the day, in UTC.")
    schedule = Schedule(WEEKDAYS.index(settings.text("report_day")), hour)
    return ReportMail(_mail(settings, os.environ if environ is None else environ, to="report_to"), schedule)


def desk_of(settings: Settings) -> str:
    """The address of the desk for links in mails: as set, or below the site's; empty if neither is known."""
    address = settings.text("desk_url") or (settings.site_url and f"{settings.site_url.rstrip('/')}/desk/")
    return f"{address.rstrip('/')}/" if address else ""


def _channel(name: str, settings: Settings, environ: Mapping[str, str]) -> DeliveryChannel:
    if name == "mail":
        return _mail(settings, environ, to="mail_to")
    if name == "webhook":
        return _webhook(settings, environ)
    return Folder(settings.root / (settings.text("outbox_dir") or settings.state_dir / "outbox"), desk_of(settings))


def _mail(settings: Settings, environ: Mapping[str, str], *, to: str) -> Mail:
    purpose = {"alarm_to": "alarms by mail", "report_to": "the report by mail"}.get(to, "deliver: mail")
    _require(settings, "smtp_host", "mail_from", to, purpose=purpose)
    host, security, user = (settings.text(name) for name in ("smtp_host", "smtp_security", "smtp_user"))
    if security == "none" and host not in LOCAL:
        raise ConfigError(
            f"smtp_security: 'none' would send messages through the network to {host} for anybody to read.",
            "Use starttls or tls; none is for a mail server on this machine.",
        )
    password = read_secret("HANDRAIL_SMTP_PASSWORD", environ)
    if not (user + password).isascii():
        raise ConfigError(
            "smtp_user or HANDRAIL_SMTP_PASSWORD has letters that cannot be used to log in to a mail server.",
            "Choose a password of plain letters, digits and signs.",
        )
    if user and not password:
        raise ConfigError(
            f"smtp_user is {user}, but HANDRAIL_SMTP_PASSWORD is not in the environment, nor its file.",
            "Give the service its password there, or remove smtp_user if the mail server wants none.",
        )
    port = settings.number("smtp_port") or PORTS[security]
    [sender, *more] = _addresses(settings, "mail_from")
    if more:
        raise ConfigError("mail_from: expected one address, but found several.", "Messages have one sender.")
    server = MailServer(host, port, security, user, password, settings.number("delivery_seconds"))
    return Mail(server, sender, _addresses(settings, to), desk_of(settings))


def _webhook(settings: Settings, environ: Mapping[str, str]) -> Webhook:
    _require(settings, "webhook_url", purpose="deliver: webhook")
    url = settings.text("webhook_url")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not url.isascii() or not url.isprintable():
        raise ConfigError(
            "webhook_url is no address that can be posted to.", "Write it like https://tickets.example.com/handrail"
        )
    if parts.username or parts.password:
        raise ConfigError(
            "webhook_url holds a name or a password, and it is shown where settings are shown.",
            "Take them out: messages are signed with HANDRAIL_WEBHOOK_SECRET instead.",
        )
    if parts.scheme != "https" and host not in LOCAL:
        raise ConfigError(
            f"webhook_url: http would send messages through the network to {host} for anybody to read.",
            "Use https; http is for a program on this machine.",
        )
    secret = read_secret("HANDRAIL_WEBHOOK_SECRET", environ)
    if len(secret) < _SHORTEST_SECRET:
        raise ConfigError(
            f"HANDRAIL_WEBHOOK_SECRET has to be in the environment, with at least {_SHORTEST_SECRET} characters.",
            "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return Webhook(url, secret, settings.number("delivery_seconds"), desk=desk_of(settings))


def _require(settings: Settings, *names: str, purpose: str) -> None:
    missing = [name for name in names if not settings.text(name).strip()]
    if missing:
        raise ConfigError(
            f"{purpose} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not set.", _SEE
        )


def _addresses(settings: Settings, name: str) -> tuple[Address, ...]:
    """The addresses in a setting such as `Help <help@example.com>, b@example.com`. Raises ConfigError."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["To"] = settings.text(name)
    except (ValueError, IndexError, MessageError) as error:
        raise ConfigError(f"{name}: this is no e-mail address.", _like(settings.text(name))) from error
    found: tuple[Address, ...] = mail["To"].addresses
    if not found or mail["To"].defects:
        raise ConfigError(f"{name}: this is no e-mail address.", _like(settings.text(name)))
    return tuple(_right(settings, name, address) for address in found)


def _right(settings: Settings, name: str, address: Address) -> Address:
    """An address as mail servers write it. Domains without a dot need a local mail server. Raises ConfigError."""
    box = read_mailbox(address.addr_spec)
    if box.address:
        return Address(address.display_name, addr_spec=box.address)
    at_home = address.domain and "." not in address.domain and settings.text("smtp_host") in LOCAL
    if at_home and read_mailbox(f"{address.addr_spec}.example").address:
        return address
    raise ConfigError(f"{name}: '{address.addr_spec}' is no e-mail address.", _like(settings.text(name)))


def _like(typed: str) -> str:
    """A hint: the address that was plainly meant, else how to write one."""
    meant = [one.meant for one in mailboxes_in(typed) if one.fault == "wrong" and one.meant]
    return f"Did you mean {meant[0]}?" if meant else "Write it like help@example.com"
