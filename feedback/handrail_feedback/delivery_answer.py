"""Answers to customers by e-mail: plain text to the one address that a customer left, in the thread of their message.

Nobody else can be written to, and nothing but the agent's words and the reference code is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from handrail_feedback.answers import Answer
from handrail_feedback.contact import KeptMessage
from handrail_feedback.delivery_mail import Mail, MailServer, message_id, plain_mail
from handrail_feedback.letters import title
from handrail_feedback.routes import ANSWER
from handrail_kb.texts import text


@dataclass(frozen=True)
class AnswerMail:
    """Mails answers. What customers reply goes to `replies`, where people read."""

    server: MailServer
    sender: Address
    replies: tuple[Address, ...] = ()
    name: str = ANSWER

    def deliver(self, answer: Answer, message: KeptMessage) -> None:
        """Hand the answer to the mail server. Raises DeliveryFailed unless the server has taken it for certain."""
        self._mail(Address(addr_spec=answer.to)).send(as_mail(answer, message, self.sender, self.replies))

    def check(self) -> str:
        """Connect and log in, and send nothing. What was found, in words; raises DeliveryFailed."""
        return self._mail(self.sender).check()

    def _mail(self, to: Address) -> Mail:
        return Mail(self.server, self.sender, (to,))


def as_mail(answer: Answer, message: KeptMessage, sender: Address, replies: tuple[Address, ...]) -> EmailMessage:
    """The answer as a mail; byte for byte the same each time, so that it is known when it arrives twice."""
    below = text(message.lang, "answer.code", code=message.code)
    words = f"{answer.words.rstrip()}\n\n-- \n{below}\n"
    mail = plain_mail(sender, (Address(addr_spec=answer.to),), f"Re: {title(message)}", words, answer.at)
    mail["Message-ID"] = message_id(f"{message.code}-answer-{answer.id}", sender)
    mail["In-Reply-To"] = message_id(message.code, sender)
    mail["References"] = message_id(message.follows or message.code, sender)
    if replies:
        mail["Reply-To"] = replies
    mail["X-Handrail-Code"] = message.code
    return mail
