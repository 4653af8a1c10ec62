"""Mails customers: answers in the threads of their messages, and the notices that they asked for.

Mails are plain text and go only to the address that the customer left. An answer contains nothing but the agent's words
and the reference code.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from handrail_feedback.delivery.letters import title
from handrail_feedback.delivery.smtp import Mail, MailServer, in_reply_to, message_id, plain_mail
from handrail_feedback.records.mailings import HOURS_TO_CONFIRM, Notification, notification_name
from handrail_feedback.records.messages import Answer, KeptMessage
from handrail_feedback.records.outbox import ANSWER
from handrail_kb.addresses import address_of
from handrail_kb.language.printable import one_line
from handrail_kb.texts import text


@dataclass(frozen=True)
class AnswerMail:
    """Mails answers. Customers' replies go to `replies`, where people read them."""

    server: MailServer
    sender: Address
    replies: tuple[Address, ...] = ()
    name: str = ANSWER

    def deliver(self, answer: Answer, message: KeptMessage) -> None:
        """Hand the answer to the mail server. Raises DeliveryFailed unless the server has certainly accepted it."""
        self._mail(Address(addr_spec=answer.to)).send(answer_mail(answer, message, self.sender, self.replies))

    def check(self) -> str:
        """Connect and log in without sending, and return the result in words. Raises DeliveryFailed."""
        return self._mail(self.sender).check()

    def _mail(self, to: Address) -> Mail:
        return Mail(self.server, self.sender, (to,))


def answer_mail(answer: Answer, message: KeptMessage, sender: Address, replies: tuple[Address, ...]) -> EmailMessage:
    """The answer as a mail, byte for byte the same each time, so that mail programs recognise duplicates."""
    below = text(message.lang, "answer.code", code=message.code)
    words = f"{answer.words.rstrip()}\n\n-- \n{below}\n"
    mail = plain_mail(sender, (Address(addr_spec=answer.to),), f"Re: {title(message)}", words, answer.at)
    mail["Message-ID"] = message_id(f"{message.code}-answer-{answer.id}", sender)
    in_reply_to(mail, message, sender)
    if replies:
        mail["Reply-To"] = replies
    mail["X-Handrail-Code"] = message.code
    return mail


@dataclass(frozen=True)
class NotificationMail:
    """Mails those who asked for an answer. `site` is the site's address; replies go to `replies`."""

    server: MailServer
    sender: Address
    site: str
    replies: tuple[Address, ...] = ()

    def ask(self, notification: Notification, token: str) -> None:
        """Mail the link for confirmation. Raises DeliveryFailed."""
        self._send(notification, self.confirmation_mail(notification, token))

    def tell(self, notification: Notification, token: str) -> None:
        """Mail the article that answers. Raises DeliveryFailed."""
        self._send(notification, self.answer_mail(notification, token))

    def confirmation_mail(self, notification: Notification, token: str) -> EmailMessage:
        """The first mail, byte for byte the same each time, so that mail programs recognise duplicates."""
        links = {"confirm": self._link("confirm", token), "withdraw": self._link("withdraw", token)}
        words = text(notification.lang, "tell.mail_confirm", site=self.site, hours=HOURS_TO_CONFIRM, **links)
        mail = plain_mail(
            self.sender,
            (_to(notification),),
            text(notification.lang, "tell.mail_confirm_subject"),
            words,
            notification.at,
        )
        mail["Message-ID"] = message_id(f"tell-{notification_name(notification.seed)}-confirm", self.sender)
        return self._with_ways_out(mail, token)

    def answer_mail(self, notification: Notification, token: str) -> EmailMessage:
        """The second mail, also the same each time."""
        location, title = (notification.proof.location, notification.proof.title) if notification.proof else ("", "")
        words = text(
            notification.lang,
            "tell.mail_answer",
            question=one_line(notification.question),
            title=one_line(title),
            # A mail program would end the link at a letter such as ü.
            article=self.site + address_of(location),
            contact=f"{self.site}contact/",
            withdraw=self._link("withdraw", token),
        )
        mail = plain_mail(
            self.sender,
            (_to(notification),),
            text(notification.lang, "tell.mail_answer_subject"),
            words,
            notification.answered_at or notification.at,
        )
        mail["Message-ID"] = message_id(f"tell-{notification_name(notification.seed)}-answer", self.sender)
        return self._with_ways_out(mail, token)

    def _with_ways_out(self, mail: EmailMessage, token: str) -> EmailMessage:
        """The mail with headers for mail programs: where replies go, and how to unsubscribe (RFC 2369, RFC 8058)."""
        if self.replies:
            mail["Reply-To"] = self.replies
        mail["List-Unsubscribe"] = f"<{self._link('withdraw', token)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        return mail

    def _link(self, step: str, token: str) -> str:
        return f"{self.site}tell/{step}/?token={token}"

    def _send(self, notification: Notification, mail: EmailMessage) -> None:
        Mail(self.server, self.sender, (_to(notification),)).send(mail)


def _to(notification: Notification) -> Address:
    return Address(addr_spec=notification.address)
