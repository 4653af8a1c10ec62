"""The catalogue of the log: every event, its level, its sentence, and the fields it may have.

No field holds a customer's words, an address or a reference code: a message is named by the number of its row in the
outbox (`handrail outbox` shows it), an error by what Handrail says of it itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

# Each field with what it is. A `reason` is an error, never a text: see `logger.reason_of`.
FIELDS: Mapping[str, str] = {
    "about": "what a mail is about: `that there is an answer`, or `to confirm`",
    "attempt": "which attempt it was, from 1",
    "channel": "a way to a person: `mail`, `webhook`, `folder`, or `answer` for mails to customers",
    "duration": "seconds until the answer was ready",
    "encoding": "the name of a character encoding",
    "endpoint": "what was asked for: the name of a page or of an address for programs, never its path",
    "entries": "a number of searches and of what was done with them",
    "file": "a file or folder of the site, of the index or of the store",
    "generation": "the name of a generation of the index",
    "how": "`added`, or `grouped`",
    "lost": "a number of reopened topics",
    "messages": "a number of messages",
    "method": "the method of a request, such as `GET`",
    "model": "the name of an encoder",
    "new": "a number of failed searches that are new",
    "outbox": "the number of a message's row in the outbox; `handrail outbox` shows it",
    "pages": "a number of pages",
    "place": "the address that the service listens on",
    "processes": "a number of processes that answer",
    "proven": "a number of topics that are verified resolved",
    "questions": "a number of learned questions",
    "reason": "what went wrong and what mends it, or the kind and place of an unexpected error",
    "recipients": "a number of recipients",
    "refusals": "status codes of a mail server",
    "requests": "a number of requests",
    "searches": "a number of searches",
    "status": "the status of an answer, such as 200",
    "taken": "a number of recipients that a mail server accepted",
    "to": "the way that takes over, as `channel`",
    "to_notify": "a number of customers to be notified",
    "told": "sentences that Handrail wrote about articles, the site, its channels or the steps of the store",
}


@dataclass(frozen=True)
class Event:
    """One row of the catalogue. The sentence names its fields as `{channel}`, or as `{messages:message}` to count.

    What is `for_writers` says to whoever builds a site what they wrote there, mail addresses too.
    """

    level: int
    sentence: str
    for_writers: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields it has, all of them in its sentence."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.sentence) if name)


def _info(sentence: str) -> Event:
    return Event(logging.INFO, sentence)


def _warning(sentence: str) -> Event:
    return Event(logging.WARNING, sentence)


def _error(sentence: str) -> Event:
    return Event(logging.ERROR, sentence)


# By subject and what happened to it.
EVENTS: Mapping[str, Event] = {
    # The service
    "service.started": _info("the help site answers at {place} ({processes:process/processes})"),
    "service.thread_ended": _error("a thread of the service ended: {reason}"),
    "service.store_unavailable": _error("the service starts without its store: {reason}"),
    "store.upgraded": _info("the store was brought up to date: {told}"),
    "store.filling": _warning("the store is nearly full: {reason}"),
    "store.full": _error("the store is full: {reason}"),
    "request.answered": _info("{method} {endpoint}: {status} after {duration} s"),
    "request.refused": _warning("{requests:request} refused with {status}, the first at {method} {endpoint}"),
    "request.failed": _error("{method} {endpoint} failed: {reason}"),
    "metrics.not_shared": _warning("metrics are counted by each process alone: {reason}"),
    "limits.not_shared": _error("limits are counted by each process alone: {reason}"),
    "limits.shared": _info("limits are counted over all nodes again"),
    "site.unreadable": _error("what the build recorded about the site cannot be read: {reason}"),
    "find.unavailable": _error("the search page has no index: {reason}"),
    # The index and search
    "index.serving": _info("serving index generation {generation}, {pages:page}"),
    "index.fell_back": _warning("serving the generation before, {generation}"),
    "index.refused": _error("index refused: {reason}"),
    "encoder.preparing": _info(
        "preparing the encoder {model} for this site; this is done once and takes about 20 seconds"
    ),
    "encoder.unavailable": _error("encoder unavailable, words answer alone: {reason}"),
    "encoder.failed": _error("encoder failed, words answer alone: {reason}"),
    "encoder.tuning_unused": _warning("the encoder {model} is used as it came: {reason}"),
    "vectors.unused": _warning("{file} cannot be used, known questions are encoded anew: {reason}"),
    "learned.loaded": _info("loaded {questions:learned question}"),
    "openings.not_read": _error("what people open could not be counted; search goes on with the last count: {reason}"),
    "learned.not_read": _error("learned questions could not be read anew; search goes on with those it has: {reason}"),
    "learned.left_out": _warning("learned questions are left out: {reason}"),
    # What customers search and say
    "search.not_kept": _error("a search or event was not kept: {reason}"),
    "searches.not_kept": _error("{entries:search or event/searches and events} could not be kept: {reason}"),
    "searches.erased": _info("erased {entries:search or vote/searches and votes} past their time"),
    "searches.erasure_waits": _warning("nothing is erased before tomorrow: {reason}"),
    "searches.not_erased": _error("searches past their time could not be erased: {reason}"),
    "vote.not_kept": _error("a vote was not kept: {reason}"),
    "message.not_kept": _error("a message was not kept: {reason}"),
    "notice.unread": _error("the notice for customers could not be read, the last one is shown: {reason}"),
    "message.erased": _info("a message was erased by its writer"),
    "code.unavailable": _error("a reference code could not be looked up, added to or erased: {reason}"),
    "code.guessed": _warning(
        "somebody guesses reference codes: {requests:wrong one} within an hour; each network has only a few tries left"
    ),
    "wish.not_kept": _error("a wish to hear of an answer was not kept: {reason}"),
    "wish.search_unavailable": _error("the words of a search could not be looked up: {reason}"),
    "wish.link_unavailable": _error("a link of a mail could not be followed: {reason}"),
    # Topics
    "topics.refreshed": _info("topics {how}: {searches:failed search/failed searches}, {new} of them new"),
    "topics.proven": _info("topics: {proven} proven, {lost} lost, {to_notify} to be notified"),
    "topics.not_refreshed": _error("topics stay as they are: {reason}"),
    "topics.unchanged": _warning("topics are as they were: {reason}"),
    # Delivery
    "message.delivered": _info("message {outbox} of the outbox was delivered by {channel}"),
    "message.not_delivered": _warning(
        "message {outbox} of the outbox was not delivered by {channel} (attempt {attempt}): {reason}"
    ),
    "message.moved": _warning("message {outbox} of the outbox goes on by {to}: {channel} did not take it"),
    "messages.moved": _warning("{messages:message goes/messages go} on by {to}: {channel} fails"),
    "messages.adopted": _warning("{messages:message was/messages were} put on the ways that `deliver` names now"),
    "delivery.stopped": _error("messages cannot be delivered: {reason}"),
    "mail.partly_taken": _warning("the mail server took a message for {taken} of {recipients:recipient} ({refusals})"),
    "receipt.not_queued": _error("a code is not mailed: {reason}"),
    "receipt.not_sent": _warning("a receipt was not sent (attempt {attempt}): {reason}"),
    "notice.not_sent": _warning("a mail {about} was not sent (attempt {attempt}): {reason}"),
    "report.sent": _info("the weekly report was mailed"),
    "report.not_sent": _error("the weekly report was not mailed (attempt {attempt}): {reason}"),
    "alarm.raised": _error("{told} See: handrail outbox"),
    "alarm.ended": _warning("no message waits too long any more"),
    "alarm.contact_form": _error("the contact form could not keep {messages:message}. See: handrail doctor"),
    "alarm.not_sent": _error("the alarm could not be mailed: {reason}"),
    # The desk
    "desk.unavailable": _error("the desk cannot work: {reason}"),
    "desk.closed": _error("nobody can sign in to the desk: {reason}"),
    "desk.sign_in_refused": _warning("somebody could not sign in to the desk"),
    "desk.openid_refused": _warning("somebody came from the OpenID provider and was not let in: {reason}"),
    "desk.openid_unreachable": _error("nobody can sign in with the OpenID provider: {reason}"),
    "desk.topics_stale": _error("topics at the desk stay as they were: {reason}"),
    "desk.articles_stale": _error("articles at the desk stay as they were: {reason}"),
    # Building a site
    "build.note": Event(logging.INFO, "{told}", for_writers=True),
    "build.advice": Event(logging.INFO, "{told}", for_writers=True),
    "build.tolerated": Event(logging.INFO, "{told}", for_writers=True),
    "build.warning": Event(logging.WARNING, "{told}", for_writers=True),
    "build.failed": _error(
        "the build failed ({reason}); the last good site is still served. See all of it: mkdocs build"
    ),
    "page.left_out": _warning(
        "{file}: this page is not in {encoding}, so that search leaves it out. Save it as UTF-8."
    ),
    "policy.not_written": _warning(
        "{file} cannot be written to ({reason}): its inline scripts and styles will be blocked. "
        "Make it writable, then run this again."
    ),
}

# What a line of another library is called: only its fixed text is kept, and numbers.
OTHER = "other"
