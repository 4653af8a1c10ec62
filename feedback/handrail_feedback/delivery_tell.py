"""The two mails of *Tell me*: one that asks whether it was really you, and one that tells where the answer stands.

The first goes to whatever address was typed, so it holds not a word that was typed beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from handrail_feedback.delivery_mail import Mail, MailServer, message_id, plain_mail
from handrail_feedback.letters import one_line
from handrail_feedback.tellings import HOURS_TO_CONFIRM, Telling, name_of
from handrail_kb.addresses import address_of
from handrail_kb.texts import text


@dataclass(frozen=True)
class TellMail:
    """Mails those who want to hear of an answer. `site` is the site's address; what is replied goes to `replies`."""

    server: MailServer
    sender: Address
    site: str
    replies: tuple[Address, ...] = ()

    def ask(self, telling: Telling, token: str) -> None:
        """Mail the link that confirms. Raises DeliveryFailed."""
        self._send(telling, self.asking(telling, token))

    def tell(self, telling: Telling, token: str) -> None:
        """Mail the article that answers. Raises DeliveryFailed."""
        self._send(telling, self.telling(telling, token))

    def asking(self, telling: Telling, token: str) -> EmailMessage:
        """The first mail; byte for byte the same each time, so that it is known when it arrives twice."""
        links = {"confirm": self._link("confirm", token), "withdraw": self._link("withdraw", token)}
        words = text(telling.lang, "tell.mail_confirm", site=self.site, hours=HOURS_TO_CONFIRM, **links)
        mail = plain_mail(self.sender, (_to(telling),), text(telling.lang, "tell.mail_confirm_subject"), words,
                          telling.at)  # fmt: skip
        mail["Message-ID"] = message_id(f"tell-{name_of(telling.seed)}-confirm", self.sender)
        return self._with_ways_out(mail, token)

    def telling(self, telling: Telling, token: str) -> EmailMessage:
        """The second mail; the same each time as well."""
        location, title = (telling.proof.location, telling.proof.title) if telling.proof else ("", "")
        words = text(
            telling.lang,
            "tell.mail_answer",
            question=one_line(telling.question),
            title=one_line(title),
            # A mail program would end the link at a letter such as ü.
            article=self.site + address_of(location),
            contact=f"{self.site}contact/",
            withdraw=self._link("withdraw", token),
        )
        mail = plain_mail(self.sender, (_to(telling),), text(telling.lang, "tell.mail_answer_subject"), words,
                          telling.answered_at or telling.at)  # fmt: skip
        mail["Message-ID"] = message_id(f"tell-{name_of(telling.seed)}-answer", self.sender)
        return self._with_ways_out(mail, token)

    def _with_ways_out(self, mail: EmailMessage, token: str) -> EmailMessage:
        """The mail with what mailboxes look at: whom to answer, and how to be left alone (RFC 2369, RFC 8058)."""
        if self.replies:
            mail["Reply-To"] = self.replies
        mail["List-Unsubscribe"] = f"<{self._link('withdraw', token)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        return mail

    def _link(self, step: str, token: str) -> str:
        return f"{self.site}tell/{step}/?token={token}"

    def _send(self, telling: Telling, mail: EmailMessage) -> None:
        Mail(self.server, self.sender, (_to(telling),)).send(mail)


def _to(telling: Telling) -> Address:
    return Address(addr_spec=telling.address)
