"""A message, its thread, answers, files and outcomes, as values."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from pathlib import PurePosixPath
from typing import Literal, get_args

from handrail_feedback.records.stamps import storable

# How a message was answered: by mail from the desk; by phone, in person or from another program; not needed.
AnswerWay = Literal["mail", "elsewhere", "nothing"]
LONGEST_ANSWER = 20_000


@dataclass(frozen=True)
class Answer:
    """One answer. `words` are those of a mail, which a mail server took at `sent_at`, or refused at `bounced_at`."""

    id: int
    code: str
    thread: str
    at: datetime
    who: str
    way: AnswerWay
    words: str
    to: str
    sent_at: datetime | None
    bounced_at: datetime | None
    undone_at: datetime | None
    undone_by: str

    @property
    def in_force(self) -> bool:
        """Whether the message counts as answered by it."""
        return self.undone_at is None and self.bounced_at is None


MOST_FILES = 5
# The most bytes of the files of all messages together, so that nobody can fill the disk.
MOST_STORED = 2 * 1024**3
_LONGEST_NAME = 80
_TYPES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
# The endings of files that browsers offer for choice.
ACCEPTED = ",".join(ending for endings in _TYPES.values() for ending in endings)


@dataclass(frozen=True)
class Attachment:
    """A file of a message. `content` is empty if only the name is needed; `size` is in bytes."""

    name: str
    type: str
    size: int
    id: int = 0
    content: bytes = field(default=b"", repr=False)


def read_file(name: str, content: bytes) -> Attachment | None:
    """The file with a harmless name and with the type of its content; None if that type is not accepted."""
    found = type_of(content)
    return Attachment(_harmless(name, found), found, len(content), content=content) if found else None


def type_of(content: bytes) -> str:
    """The type of a file by the signature at its beginning; empty if it is not an accepted one."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if content.startswith(b"%PDF-") else ""


def _harmless(name: str, kind: str) -> str:
    """The last part of a file name, without control characters, with an ending that fits the content."""
    last = storable(name, 1000).replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter if letter.isprintable() and letter not in '<>:"|?*%;' else "_" for letter in last).strip(
        " ."
    )
    path = PurePosixPath(plain or "file")
    endings = _TYPES[kind]
    if path.suffix.lower() in endings:
        return path.stem[:_LONGEST_NAME] + path.suffix.lower()
    return plain[:_LONGEST_NAME] + endings[0] if plain else f"file{endings[0]}"


@dataclass(frozen=True)
class Case:
    """A message and its status. `waits_since` is set while it is in the outbox, `answered_*` once it is answered."""

    message: KeptMessage
    thread: str
    waits_since: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    opened_by: str
    answered_at: datetime | None
    answered_by: str
    answered_way: str
    bounced: bool

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.answered_at is None

    @property
    def about(self) -> str:
        """The subject or, without one, the message, in one line."""
        return " ".join((self.message.subject or self.message.message).split())

    @property
    def content(self) -> str:
        """The subject and the message, in one line: what it is compared by with others."""
        return " ".join(f"{self.message.subject} {self.message.message}".split())


def differ_by_one_slip(known: str, typed: str) -> bool:
    """Whether two codes of the same length differ in one symbol, or by two swapped neighbours."""
    places = [place for place, (one, other) in enumerate(zip(known, typed, strict=False)) if one != other]
    if len(known) != len(typed):
        return False
    if len(places) == 2:
        first, second = places
        return second == first + 1 and known[first] == typed[second] and known[second] == typed[first]
    return len(places) == 1


LONGEST_MESSAGE = 5000
LONGEST_LINE = 200
LONGEST_ALONG = 500
MOST_ALONG = 30
AlongKind = Literal["search", "article", "said_no", "product", "language"]


@dataclass(frozen=True)
class Along:
    """One item that the customer chose to share with a message. `location` is an article's, relative to the site."""

    kind: AlongKind
    text: str
    location: str = ""


@dataclass(frozen=True)
class Message:
    """What a customer wrote. `token` identifies the form, the same if a form is sent twice; empty if unknown.

    `callback` says when they want to be called, in the form's or their own words. `follows` is the code of the first
    message of the thread that this one adds to; if it is empty, the store looks for a code in the words.
    """

    message: str
    subject: str
    reply_to: str
    lang: str
    at: datetime
    token: str = ""
    callback: str = ""
    along: tuple[Along, ...] = ()
    follows: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class KeptMessage:
    """A message as stored. `follows` is the code of the message that it adds to; empty if it names none.

    `first` is that message, without its files, where it was read too.
    """

    code: str
    message: str
    subject: str
    reply_to: str
    lang: str
    at: datetime
    state: str
    follows: str = ""
    callback: str = ""
    along: tuple[Along, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    first: KeptMessage | None = None


def form_fingerprint(message: Message) -> str:
    """A digest that is equal for the same form, so that a double click sends one message, without storing the sender.

    Without a token, it differs every time.
    """
    parts = [message.token or secrets.token_hex(16), message.subject, message.message, message.reply_to]
    if message.callback:
        parts.append(message.callback)
    parts.extend(hashlib.sha256(one.content).hexdigest() for one in message.attachments)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


# How a customer is to be answered: by mail, by a call that they asked for, or when they call and give the code.
MessageChannel = Literal["mail", "call", "code"]
CHANNELS: tuple[MessageChannel, ...] = get_args(MessageChannel)


@dataclass(frozen=True)
class AnsweredMessage:
    """When a message was first answered by a person, and in which `way`; its words and the answer's may be left out."""

    code: str
    at: datetime
    lang: str
    channel: MessageChannel
    answered_at: datetime | None
    way: str = ""
    words: str = ""
    answer: str = ""


OutcomeKind = Literal["article", "needs"]
MOST_QUESTIONS = 5


@dataclass(frozen=True)
class MessageOutcome:
    """One outcome of a message. `questions` are those that search was to learn, or that no article answers."""

    id: int
    code: str
    thread: str
    kind: OutcomeKind
    location: str
    questions: tuple[str, ...]
    taught: tuple[str, ...]
    at: datetime
    who: str
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True)
class Learned:
    """How many questions are in force now, were removed by a writer before, or are `unfit` to be kept."""

    in_force: int
    removed: int
    unfit: int


def distinct_questions(questions: Sequence[str]) -> list[str]:
    """Each question once, ignoring case and spaces, without empty ones."""
    found = {" ".join(one.casefold().split()): " ".join(one.split()) for one in reversed(questions) if one.strip()}
    return list(reversed(found.values()))


LEAST_MESSAGES = 20
# The newest messages may still be answered, so the window ends before them.
SETTLING = timedelta(days=1)


def settled_until(since: datetime, until: datetime, at: datetime) -> datetime:
    """The end of those from `since` to `until` whose answers can be counted at `at`; `since` if there are none."""
    return max(since, min(until, at - SETTLING))


@dataclass(frozen=True)
class ReplyTimes:
    """The reply times of `messages` written from `since` to `until`, of which `answered` have a reply.

    Half of all have one within `p50`, nine in ten within `p90`. None means "not enough data": there are fewer than 20
    messages, or less than that share has a reply yet.
    """

    since: datetime
    until: datetime
    messages: int
    answered: int
    p50: timedelta | None
    p90: timedelta | None


def time_for_share(share: float, waits: list[timedelta], messages: int) -> timedelta | None:
    """The time within which this share of all messages got a reply; None without enough data. `waits` is sorted."""
    needed = ceil(share * messages)
    return waits[needed - 1] if messages >= LEAST_MESSAGES and needed <= len(waits) else None


ThreadState = Literal["kept", "delivered", "answered"]


@dataclass(frozen=True)
class Part:
    """One message of a thread: when it was written, its status, and when it was answered, if it was."""

    at: datetime
    state: ThreadState
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Thread:
    """Messages that belong together, oldest first. `code` is that of the first."""

    code: str
    parts: tuple[Part, ...]
