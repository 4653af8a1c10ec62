"""What comes in from outside, how large it may be, how long it may take, and what becomes of more: one table.

    python tests/project/generated.py            renews it in docs/operators/bounds.md

The sizes are those of the code. `test_bounds.py` sends the largest of each to a service, and more.
"""

from __future__ import annotations

from dataclasses import dataclass

from handrail_feedback.accounts import openid_http, passwords
from handrail_feedback.desk.blueprint import FORM_BYTES as DESK_BYTES
from handrail_feedback.desk.downloads import MOST_ROWS
from handrail_feedback.pages.blueprint import EVENT_BYTES
from handrail_feedback.pages.code import LONGEST_CODE
from handrail_feedback.pages.contact_form import LONGEST_FORM
from handrail_feedback.pages.request import LONGEST_URL
from handrail_feedback.pages.vote import VOTE_BYTES
from handrail_feedback.records.mailings import LONGEST_NOTIFIED_QUESTION
from handrail_feedback.records.messages import LONGEST_ANSWER, LONGEST_LINE, LONGEST_MESSAGE, MOST_FILES
from handrail_feedback.records.searches import LONGEST_COMMENT
from handrail_feedback.storage.searches.triage import LONGEST_COMMENT as LONGEST_REMARK
from handrail_kb.articles.article import MOST_ARTICLE_BYTES
from handrail_kb.config.table import SETTINGS
from handrail_kb.contact.email_addresses import LONGEST_ADDRESS
from handrail_kb.site.built.passages import MAX_PAGE_BYTES
from handrail_search.adapters.question_file import MOST_FILE_BYTES, MOST_LINES
from handrail_search.ranking.searcher import MAX_LIMIT, MAX_QUESTION
from handrail_search.service.app import BODY_BYTES
from handrail_search.service.gunicorn_server import HEADER_BYTES, HEADERS, LINE_BYTES, THREADS
from handrail_search.service.overload import (
    ARRIVAL_SECONDS,
    CONNECTIONS,
    LARGE_SECONDS,
    LARGE_THREADS,
    MOST_ARRIVING,
    MOST_LARGE,
    WHOLE_BYTES,
)

FILE_MB = next(setting.default for setting in SETTINGS if setting.name == "attachment_mb")
DELIVERY_SECONDS = next(setting.default for setting in SETTINGS if setting.name == "delivery_seconds")
# A request that is as large as it may be is answered within so much, on one core that has nothing else to do.
SECONDS = 2
MEGABYTES = 16


@dataclass(frozen=True)
class Bound:
    """A row: what comes in, the most that is taken, how long it may take and what it may hold, and what more becomes.

    `endpoints` are the addresses of the service that take it; one that ends with a dot means all that begin so.
    """

    what: str
    most: str
    then: str
    time: str = f"{SECONDS} s"
    memory: str = f"{MEGABYTES} MB"
    endpoints: tuple[str, ...] = ()


def kilobytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{size // 1024} KB" if size % 1024 == 0 else f"{size:,} bytes"


def megabytes(size: int) -> str:
    """Bytes of a large file as people read them."""
    return f"{size // 1_000_000} MB"


BOUNDS = (
    Bound(
        "Any request: its first line and its headers",
        f"{LINE_BYTES:,} bytes; {HEADERS} headers of {HEADER_BYTES:,} bytes",
        "400, and the connection is closed",
        endpoints=("site", "site_home", "to_base", "to_base_path", "healthz", "readyz", "metrics"),
    ),
    Bound("Any request: its body", kilobytes(BODY_BYTES), "413, unless a row below has a bound of its own"),
    Bound(
        "Requests at the same time",
        f"{THREADS} threads a process",
        "They wait, and [are refused](run.md#overload) when that takes too long",
        time="0.25 to 1.5 s in line",
        memory="none for those that wait, but their connection",
    ),
    Bound(
        "Requests that are [still arriving](run.md#slow)",
        f"{MOST_ARRIVING} a process",
        "The one that has taken longest is closed",
        time=f"{ARRIVAL_SECONDS:.0f} s",
        memory=f"none but their connection, with at most {WHOLE_BYTES // 1000} KB",
    ),
    Bound(
        "Connections",
        f"{CONNECTIONS:,} a process; fewer where the system allows it fewer open files",
        "They wait until there is room. Those that only wait for their client never take all of it",
        memory="none but their connection",
    ),
    Bound(
        "Requests that are larger, or do not say how large they are",
        f"{LARGE_THREADS} threads a process",
        f"They wait for one of these threads; of more than {MOST_LARGE} the newest are refused with 503",
        time=f"{LARGE_SECONDS / 60:.0f} min",
        memory="that of the rows below",
    ),
    Bound(
        "A search: words, `limit`, other parameters",
        f"{MAX_QUESTION} characters; 1 to {MAX_LIMIT}",
        "Words are cut off there; another `limit` is 400; an unknown product or language does not count",
        endpoints=("search.",),
    ),
    Bound("A click or another event", kilobytes(EVENT_BYTES), "413", endpoints=("feedback.events",)),
    Bound(
        "A vote: all of it, its page, its sentence",
        f"{kilobytes(VOTE_BYTES)}; {LONGEST_URL} and {LONGEST_COMMENT:,} characters",
        "413 and 422",
        endpoints=("feedback.vote", "feedback.notice"),
    ),
    Bound(
        "A message: all of it without files, its words, each line",
        f"{kilobytes(LONGEST_FORM)}; {LONGEST_MESSAGE:,} and {LONGEST_LINE} characters",
        "413 and 422; the page shows what was written again",
        endpoints=("feedback.contact", "feedback.page"),
    ),
    Bound(
        "Files with a message",
        f"{MOST_FILES} files of together {FILE_MB} MB (`attachment_mb`)",
        "422; beyond twice as much, 413 before it is read",
        memory=f"twice its size, and {MEGABYTES} MB",
    ),
    Bound(
        "A reference code, and words added to its message",
        f"{LONGEST_CODE} and {LONGEST_MESSAGE:,} characters",
        "No such code; words are not taken, and shown again",
        endpoints=("feedback.code", "feedback.ask_code"),
    ),
    Bound(
        "Being told of an answer: question, address",
        f"{LONGEST_NOTIFIED_QUESTION} and {LONGEST_ADDRESS} characters",
        "Cut off there; an address that is cut off is no address",
        endpoints=(
            "feedback.ask_tell",
            "feedback.tell",
            "feedback.confirm_tell",
            "feedback.withdraw_tell",
        ),
    ),
    Bound(
        "A form of the desk: all of it, an answer, a remark, a password",
        f"{kilobytes(DESK_BYTES)}; {LONGEST_ANSWER:,}, {LONGEST_REMARK:,} and {passwords.LONGEST} characters",
        "413; a sentence that says how long it may be",
        endpoints=("desk.",),
    ),
    Bound(
        "A list that is downloaded from the desk",
        f"{MOST_ROWS:,} rows",
        "The newest, or the first of its order; the file says that there are more",
        time="grows with its rows",
        memory="grows with its rows",
    ),
    Bound(
        "An answer of an OpenID provider",
        kilobytes(openid_http.MOST_BYTES),
        "Nobody is signed in with it; the page says so",
        time=f"{openid_http.LONGEST_SECONDS:g} s",
    ),
    Bound(
        "An answer of a mail server or a webhook",
        "2,000 bytes are read",
        "The rest is not read; the message is sent again where that helps",
        time=f"{DELIVERY_SECONDS} s (`delivery_seconds`)",
    ),
    Bound(
        "An article: the Markdown, the built page",
        f"{megabytes(MOST_ARTICLE_BYTES)}; {megabytes(MAX_PAGE_BYTES)}",
        "It is named, and the others are built",
        time="grows as it does, page by page",
        memory="grows as it does, one page at a time",
    ),
    Bound(
        "A file of questions to learn",
        f"{megabytes(MOST_FILE_BYTES)}; {MOST_LINES:,} lines",
        "The command refuses it and says so",
        time="grows as it does",
        memory="grows as it does",
    ),
)


def bounds_table() -> str:
    """The table, as Markdown."""
    head = "| What comes in | At most | Time | Memory | More |\n|---|---|---|---|---|"
    return "\n".join([head, *(f"| {b.what} | {b.most} | {b.time} | {b.memory} | {b.then} |" for b in BOUNDS)])
