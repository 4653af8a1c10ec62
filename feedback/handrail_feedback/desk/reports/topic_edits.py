"""What leads do to topics themselves: rename, merge, split, move searches, and undo it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.messages.message import form_token, sent_number
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.reports.topics import Filled, TopicPages
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.stamps import now
from handrail_feedback.records.topics import MemberKey
from handrail_feedback.storage.searches.topic_edits import EditedMeanwhile, merge, move, rename, split, undo_edit
from handrail_kb.errors import HandrailError

# Wordings chosen at once: those of some pages.
MOST_CHOSEN = 200


@dataclass(frozen=True)
class TopicEdits:
    """The views that change what is in a topic, and its name. Only for leads."""

    pages: TopicPages

    def register(self, blueprint: Blueprint) -> None:
        """Add the actions below the address of each topic."""
        one = f"{self.pages.look.home}topics/<int:topic>/"
        for action, view in (
            ("rename", self.rename),
            ("merge", self.merge),
            ("split", self.split),
            ("move", self.move),
            ("unedit", self.undo),
        ):
            blueprint.add_url_rule(f"{one}{action}", f"topic_{action}", view, methods=["POST"])

    def rename(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/rename: a name in place of that of its searches; an empty one gives that back."""

        def do() -> AnyResponse:
            name, seen = request.form.get("name", ""), sent_number("seen")
            rename(self.pages.store, topic, name, me().name, now(), token=_token(topic), seen=seen)
            return self._to(topic)

        return self._tried(topic, do)

    def merge(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/merge: into another one, whose page opens."""

        def do() -> AnyResponse:
            other = _other()
            return self._to(other, merge(self.pages.store, topic, other, me().name, now(), token=_token(topic)))

        return self._tried(topic, do)

    def split(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/split: the chosen searches become a topic of their own."""

        def do() -> AnyResponse:
            chosen = self._chosen(topic)
            return self._to(topic, split(self.pages.store, topic, chosen, me().name, now(), token=_token(topic)))

        return self._tried(topic, do)

    def move(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/move: the chosen searches go to another topic."""

        def do() -> AnyResponse:
            other, chosen, at = _other(), self._chosen(topic), now()
            return self._to(topic, move(self.pages.store, topic, other, chosen, me().name, at, token=_token(topic)))

        return self._tried(topic, do)

    def undo(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/unedit: undoes what a lead merged, split or moved."""

        def do() -> AnyResponse:
            undo_edit(self.pages.store, sent_number("event"), me().name, now())
            return self._to(topic)

        return self._tried(topic, do)

    def _tried(self, topic: int, do: Callable[[], AnyResponse]) -> AnyResponse:
        """The answer of a deed; the page of the topic, with what is wrong, where it cannot be done."""
        if me().role != "lead":
            raise Forbidden
        try:
            return do()
        except HandrailError as error:
            changed = isinstance(error, EditedMeanwhile)
            fault = Filled(edit_fault=f"{error.what} {error.mend}" if error.mend else error.what)
            try:
                return self.pages.topic(topic, fault, 409 if changed else 422)
            except NotFound:
                if not changed:
                    raise
                return self.pages.all(fault.edit_fault, 409)

    def _to(self, topic: int, deed: int = 0) -> AnyResponse:
        more = {**self.pages.view(now()).address(), **({"edited": deed} if deed else {})}
        return redirect(url_for("desk.topic", topic=topic, **more), 303)

    def _chosen(self, topic: int) -> set[MemberKey]:
        """All searches with the chosen wordings, each of which is sent as one of its searches.

        One that is not known any more is passed on as it is, so that it is said where it went.
        """
        keys = {key for text in request.form.getlist("wording")[:MOST_CHOSEN] if (key := _key(text))}
        held = self.pages.cache.take_with(topic).book.by_topic.get(topic, [])
        shapes = {one.shape for one in held if one.key in keys}
        return keys | {one.key for one in held if one.shape in shapes}


def _key(text: str) -> MemberKey | None:
    kind, _, digits = text.partition(":")
    number = number_of(digits)
    return None if number is None else MemberKey("message" if kind == "message" else "search", number)


def _other() -> int:
    """The number of the other topic in the form. Raises HandrailError where there is none."""
    if not request.form.get("other"):
        raise HandrailError("No other topic was chosen.", "Choose one.")
    return sent_number("other")


def _token(topic: int) -> str:
    """What makes a second press of the same button the same deed; another choice on the same page is another one."""
    sent = sorted((name, *request.form.getlist(name)) for name in request.form if name not in ("csrf_token", "token"))
    choice = hashlib.sha256(repr((request.endpoint, sent)).encode()).hexdigest()
    return f"{form_token()} {topic} {choice[:16]}"
