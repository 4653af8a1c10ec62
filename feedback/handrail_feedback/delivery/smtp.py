"""Sends every mail by SMTP with TLS, and makes the mail that takes a message to the people who answer.

Checks the server's certificate. Knows nothing of the outbox.

The Message-ID is made from the message's key, so that mail programs recognise duplicates and show additions below the
message that they add to.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Any

from handrail_feedback.delivery.deadline import Deadline, trust
from handrail_feedback.delivery.letters import key_of, mail_subject, message_text, receipt, reply_address
from handrail_feedback.records.messages import KeptMessage
from handrail_kb.contact.email_addresses import same_mailbox
from handrail_kb.errors import DeliveryFailed
from handrail_kb.language.printable import one_line
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


PORTS = {"starttls": 587, "tls": 465, "none": 25}

# Of an answer; smtplib gives -1 where it could read none.
_LEAST_CODE = 200


class _Verbatim:
    """An ASCII header that is folded at its spaces alone.

    The library would encode a long link or Message-ID beyond recognition.
    """

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds.update(parse_tree=None, decoded=value, defects=[])

    def fold(self, *, policy: Policy) -> str:
        words = f"{policy.linesep} ".join(str(self).split(" "))
        return f"{self.name}: {words}{policy.linesep}"  # type: ignore[attr-defined]  # BaseHeader has the name


_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references", "list-unsubscribe"):
    _HEADERS.map_to_type(_name, _Verbatim)  # type: ignore[arg-type]  # it is mixed with BaseHeader there
_POLICY = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True)
class MailServer:
    """The mail server, the account on it, and the time that sending may take."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    seconds: float = 60.0


@dataclass(frozen=True)
class Mail:
    """Mails messages to fixed recipients through one server."""

    server: MailServer
    sender: Address
    recipients: tuple[Address, ...]
    desk: str = ""
    name: str = "mail"

    def deliver(self, message: KeptMessage) -> None:
        """Hand the message to the mail server. Raises DeliveryFailed unless the server has certainly accepted it."""
        self.send(message_mail(message, self.sender, self.recipients, self.desk))

    def tell(self, subject: str, text: str, at: datetime) -> None:
        """Mail a text of Handrail's own to the recipients only. Raises DeliveryFailed."""
        mail = plain_mail(self.sender, self.recipients, subject, text, at)
        mail["Auto-Submitted"] = "auto-generated"
        self.send(mail)

    def confirm(self, message: KeptMessage, to: str) -> None:
        """Mail a customer the reference code of their message. Raises DeliveryFailed.

        Our own mailboxes get none, whoever typed their address: one that answers by itself would answer itself.
        """
        address = Address(addr_spec=to)
        if _is_one_of(to, (self.sender, *self.recipients)):
            return
        replace(self, recipients=(address,)).send(as_receipt(message, self.sender, address, self.recipients))

    def check(self) -> str:
        """Connect and log in without sending, and return the result in words. Raises DeliveryFailed."""
        with self._connection() as connection:
            connection.noop()
        return f"{self.server.host}:{self.server.port} takes mail for {', '.join(a.addr_spec for a in self.recipients)}"

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail to the mail server. Raises DeliveryFailed unless the server has certainly accepted it."""
        to = [address.addr_spec for address in self.recipients]
        with self._connection() as connection:
            refused = connection.sendmail(self.sender.addr_spec, to, mail.as_bytes())
        if refused:
            # At least one recipient has it: sent again, it would reach them again and again.
            codes = ", ".join(str(code) for code, _ in refused.values())
            log("mail.partly_taken", taken=len(to) - len(refused), recipients=len(to), refusals=codes)

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """An encrypted and logged-in connection to the server. Raises DeliveryFailed with the reason."""
        with Deadline(self.server.seconds) as deadline, _reasons(self.server, deadline):
            connection = _Connection(self.server, deadline)
            try:
                connection.begin()
                yield connection
            finally:
                # Everything has been sent, so errors on closing do not matter.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    connection.putcmd("QUIT")
                connection.close()


class _Connection(smtplib.SMTP):
    """smtplib's client on a connection that ends with a deadline."""

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        super().__init__(local_hostname=_own_name(), timeout=server.seconds)
        self._server = server
        self._deadline = deadline
        self._host = server.host  # starttls() checks the certificate against it

    def begin(self) -> None:
        """Connect, encrypt and log in."""
        code, reply = self.connect(self._server.host, self._server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, reply)
        if self._server.security == "starttls":
            self.ehlo_or_helo_if_needed()
            self.starttls(context=trust())
        self.ehlo_or_helo_if_needed()
        if self._server.user:
            self.login(self._server.user, self._server.password)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = self._deadline.connect(host, port)
        if self._server.security != "tls":
            return connection
        return trust().wrap_socket(connection, server_hostname=host)


def message_mail(
    message: KeptMessage, sender: Address, recipients: tuple[Address, ...], desk: str = ""
) -> EmailMessage:
    """The message as a mail, byte for byte the same each time, so that mail programs recognise duplicates."""
    mail = plain_mail(sender, recipients, mail_subject(message), message_text(message, desk), message.at)
    mail["Message-ID"] = message_id(message.code, sender)
    if message.follows:
        mail["In-Reply-To"] = mail["References"] = message_id(message.follows, sender)
    address = reply_address(message.reply_to)
    if address and not _is_one_of(address, (sender, *recipients)):
        mail["Reply-To"] = Address(addr_spec=address)
    mail["X-Handrail-Code"] = message.code
    for one in message.attachments:
        maintype, _, subtype = one.type.partition("/")
        mail.add_attachment(one.content, maintype=maintype, subtype=subtype, filename=one.name)
    if message.attachments:
        # A random boundary would make another mail each time. The "=" cannot occur in encoded content.
        mail.set_boundary(f"=_{key_of(message.code)}")
    return mail


def _is_one_of(address: str, mailboxes: tuple[Address, ...]) -> bool:
    return same_mailbox(address) in {same_mailbox(one.addr_spec) for one in mailboxes}


def as_receipt(message: KeptMessage, sender: Address, to: Address, replies: tuple[Address, ...]) -> EmailMessage:
    """The mail with a customer's reference code. A reply reaches the team, below the original message."""
    mail = plain_mail(sender, (to,), *receipt(message), message.at)
    mail["Message-ID"] = message_id(f"{message.code}-receipt", sender)
    in_reply_to(mail, message, sender)
    mail["Reply-To"] = replies
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def plain_mail(sender: Address, to: tuple[Address, ...], subject: str, text: str, at: datetime) -> EmailMessage:
    """A mail of plain text. `subject` may contain anything without affecting other headers."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = to
    # A customer may write `=?utf-8?q?=0D=0ABcc:…?=`: the library would read it as an encoded word, and some versions
    # would then write the line end inside.
    mail["Subject"] = one_line(subject).replace("=?", "= ?")
    mail["Date"] = at
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail


def in_reply_to(mail: EmailMessage, message: KeptMessage, sender: Address) -> None:
    """Say in the headers that this mail replies to the message, and which thread that is in."""
    mail["In-Reply-To"] = message_id(message.code, sender)
    thread = (message.follows, message.code) if message.follows else (message.code,)
    mail["References"] = " ".join(message_id(code, sender) for code in thread)


def message_id(code: str, sender: Address) -> str:
    """The Message-ID of a message, by which mail programs recognise it."""
    return f"<{key_of(code)}@{sender.domain}>"


def _own_name() -> str:
    """This machine's name for the greeting, if it is a full one. Asking the network for it can take very long."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


@contextmanager
def _reasons(server: MailServer, deadline: Deadline) -> Iterator[None]:
    """Turn what smtplib, TLS and the system raise into a DeliveryFailed that a person can act upon."""
    try:
        yield
    except smtplib.SMTPException as error:
        raise _failure(server, deadline, error) from error
    except (OSError, ValueError) as error:
        raise _unreached(server, deadline, error) from error


def _failure(server: MailServer, deadline: Deadline, error: smtplib.SMTPException) -> DeliveryFailed:
    """What the server answered as a DeliveryFailed, which says whether it would answer any other message the same."""
    where = f"The mail server {server.host}"
    # smtplib takes the beginning of an answer for a whole one, and silence for a connection that was broken off.
    cut_short = isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < _LEAST_CODE
    if (deadline.passed and cut_short) or isinstance(error.__context__, TimeoutError):
        return _unreached(server, deadline, TimeoutError())
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryFailed(
            f"{where} refused the login of {server.user} ({error.smtp_code}).",
            "Set smtp_user and HANDRAIL_SMTP_PASSWORD as the mail server wants them.",
            said=_said(error.smtp_error),
            of_channel=True,
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryFailed(
            f"{where} does not offer what is needed: {error}",
            "Choose smtp_security and smtp_port as its owner says: starttls (587) or tls (465).",
            of_channel=True,
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = max(error.recipients.values(), key=lambda answer: -answer[0])
        return _answered(f"{where} refused the address", code, reply)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _answered(f"{where} refused the sender in mail_from", error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return _answered(f"{where} takes no mail from us", error.smtp_code, error.smtp_error, of_channel=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(f"{where} refused the message", error.smtp_code, error.smtp_error)
    if deadline.passed:
        return _unreached(server, deadline, TimeoutError())
    return DeliveryFailed(
        f"{where} broke the connection off; it may have taken the message.",
        "Nothing to do if it passes; else see the log of the mail server.",
    )


def _answered(what: str, code: int, reply: bytes | str, *, of_channel: bool = False) -> DeliveryFailed:
    mend = "See the log of the mail server, or ask who runs it."
    busy = code == 421  # it closes the connection, whatever the command was
    return DeliveryFailed(
        f"{what} ({code}).",
        mend,
        said=_said(reply),
        final=code >= 500 and not of_channel,
        of_channel=of_channel or busy,
    )


def _said(reply: bytes | str) -> str:
    return one_line(reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply)


def _unreached(server: MailServer, deadline: Deadline, error: Exception) -> DeliveryFailed:
    """The reason why there was no connection to the server, or why it broke."""
    where = f"The mail server {server.host}:{server.port}"
    if deadline.passed or isinstance(error, TimeoutError):
        what = f"{where} did not answer within {server.seconds:.0f} s."
        mend = f"See whether it can be reached from here: nc -v {server.host} {server.port}"
    elif isinstance(error, ssl.SSLCertVerificationError):
        what = f"The certificate of {server.host} is not trusted: {error.verify_message}."
        mend = (
            "Set smtp_host to the name in the certificate; for an authority of your own, set SSL_CERT_FILE to its file."
        )
    elif isinstance(error, ssl.SSLError):
        what = f"{where} and we do not agree on TLS: {error.reason or error}."
        mend = "Choose smtp_security and smtp_port as its owner says: starttls (587) or tls (465)."
    elif isinstance(error, socket.gaierror):
        what, mend = f"There is no host {server.host}: {error.strerror}.", "Mend smtp_host, or name resolution."
    elif isinstance(error, ValueError):
        what, mend = f"{where} answered what is no SMTP.", "Mend smtp_host and smtp_port."
    else:
        what = f"{where} cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
        mend = f"See whether it runs and can be reached from here: nc -v {server.host} {server.port}"
    return DeliveryFailed(what, mend, of_channel=True)
