"""What Handrail uses cryptography for, where in the code, and every key with its life: two tables.

    python tests/project/generated.py            renews them in docs/operators/cryptography.md

`test_algorithms.py` compares the first with the code, and the second with the secrets that the service reads.
"""

from __future__ import annotations

from dataclasses import dataclass

# Places are short: `kb/policy/needs.py` is `kb/handrail_kb/policy/needs.py`.
RANDOM, SHA256, HMAC, BLAKE2 = "random", "SHA-256", "HMAC-SHA256", "BLAKE2b"


@dataclass(frozen=True)
class Use:
    """A use of an algorithm: how strong it is in bits, what it protects, and with which key.

    `bits` is 0 where nothing rests on it: a checksum by which a thing is known again.
    """

    algorithm: str
    bits: int
    protects: str
    key: str
    places: tuple[str, ...]
    kind: str


USES = (
    Use(
        "Argon2id, 19 MiB, 2 passes, 256 bits",
        256,
        "Passwords of colleagues, as they are kept",
        "none; a random salt each",
        ("feedback/accounts/passwords.py",),
        "Argon2id",
    ),
    Use(
        "HMAC-SHA256 (itsdangerous)",
        256,
        "The cookie of a session at the desk, and tokens of its forms",
        "the key of the site",
        ("feedback/accounts/sessions.py",),
        "signed cookie",
    ),
    Use(
        "HMAC-SHA256",
        256,
        "Seeds of apps for codes; links in mails; by what a browser is known at the next sign-in; in shared counts, "
        "names of addresses and mailboxes",
        "the key of the site; for tabs of a network one that a process forgets after a day",
        (
            "feedback/accounts/browsers.py",
            "feedback/accounts/second_factor.py",
            "feedback/records/mailings.py",
            "feedback/storage/messages/mail_quota.py",
            "search/service/rate_limits/people.py",
            "search/service/rate_limits/rules.py",
        ),
        HMAC,
    ),
    Use(
        "HMAC-SHA256",
        256,
        "Messages to a webhook: who sent them, that nobody changed them, and when",
        "`HANDRAIL_WEBHOOK_SECRET`",
        ("feedback/delivery/webhook.py",),
        HMAC,
    ),
    Use(
        "TOTP: HMAC-SHA1 (RFC 6238)",
        160,
        "Codes of an app, six digits; guesses are limited",
        "the seed of the app, 160 bits",
        ("feedback/accounts/second_factor.py",),
        "TOTP",
    ),
    Use(
        "SHA-256",
        256,
        "Tokens of sessions and of links, and recovery codes, as they are kept; they are random",
        "none",
        (
            "feedback/accounts/second_factor.py",
            "feedback/records/mailings.py",
            "feedback/storage/accounts/sessions.py",
            "feedback/storage/messages/mailings.py",
        ),
        SHA256,
    ),
    Use(
        "SHA-256",
        128,
        "That weights of an encoder, a copied store, and scripts that a policy allows are what they should be",
        "none",
        ("kb/policy/needs.py", "search/embedding/weights.py", "feedback/storage/move.py"),
        SHA256,
    ),
    Use(
        "SHA-256, shortened",
        0,
        "Nothing: by it the same text, form, file or store is known again",
        "none",
        (
            "feedback/accounts/sessions.py",
            "feedback/delivery/webhook.py",
            "feedback/desk/accounts/second_factor.py",
            "feedback/desk/reports/topic_edits.py",
            "feedback/records/learned.py",
            "feedback/records/messages.py",
            "feedback/storage/accounts/identities.py",
            "feedback/storage/backups.py",
            "kb/site/scripts.py",
            "search/adapters/similar.py",
            "search/embedding/encoder.py",
            "search/embedding/vector_cache.py",
            "search/evaluation/judged.py",
            "search/evaluation/trial.py",
            "search/index/generation.py",
            "search/index/sensitive_topics.py",
        ),
        SHA256,
    ),
    Use(
        "BLAKE2b, 128 bits",
        0,
        "Nothing: by it the same built page is known again",
        "none",
        ("kb/articles/built_page.py",),
        BLAKE2,
    ),
    Use(
        "Random numbers of the operating system",
        256,
        "Keys, tokens of sessions and links, first passwords, recovery codes, salts, reference codes, names of forms",
        "none",
        (
            "feedback/accounts/browsers.py",
            "feedback/accounts/passwords.py",
            "feedback/accounts/second_factor.py",
            "feedback/accounts/sessions.py",
            "feedback/desk/messages/message.py",
            "feedback/desk/reports/topics.py",
            "feedback/pages/code.py",
            "feedback/pages/contact.py",
            "feedback/pages/vote.py",
            "feedback/records/messages.py",
            "feedback/records/reference_codes.py",
            "feedback/storage/accounts/sessions.py",
            "feedback/storage/accounts/staff.py",
            "feedback/storage/messages/answers.py",
            "feedback/storage/messages/mailings.py",
            "feedback/storage/messages/outbox.py",
            "feedback/storage/move.py",
            "feedback/storage/schema/migrations.py",
            "kb/config/durable_files.py",
            "search/index/generation.py",
            "search/service/monitoring/requests.py",
            "search/service/rate_limits/people.py",
            "search/service/search_pages.py",
        ),
        RANDOM,
    ),
    Use(
        "RS256, ES256 and others that sign with a key of a pair (Authlib, joserfc)",
        112,
        "ID tokens of an OpenID provider; RSA of 2,048 bits, as most of them have, is as strong as 112 bits",
        "public keys of the provider",
        ("feedback/accounts/openid_provider.py",),
        "ID token",
    ),
    Use(
        "TLS 1.2 and 1.3 (OpenSSL)",
        112,
        "What goes to a mail server, a webhook, an OpenID provider, a database and Valkey; it is as strong as the "
        "certificate of the other side",
        "certificates of the other side, checked against authorities that the machine trusts",
        (
            "feedback/accounts/openid_http.py",
            "feedback/delivery/deadline.py",
            "feedback/delivery/smtp.py",
            "feedback/delivery/webhook.py",
            "feedback/storage/engines/postgres.py",
            "feedback/storage/engines/postgres_connection.py",
            "search/service/rate_limits/shared_counts.py",
        ),
        "TLS",
    ),
)


@dataclass(frozen=True)
class Key:
    """A key or another secret: how it comes to be, who holds it, how long it is used, and how it ends."""

    name: str
    made: str
    holders: str
    used_for: str
    until: str
    leaked: str


KEYS = (
    Key(
        "The key of the site: `HANDRAIL_SECRET_KEY`, or `secret.key`",
        "by the service, 384 random bits; or by you, 32 characters at least",
        "the nodes of one site; no other site, no person",
        "Sessions, forms, links in mails, seeds of apps, names in shared counts",
        "a year, or when somebody leaves who could read it",
        "[change it](users.md#key): all sign in again and set up their second factor again, links in mails end",
    ),
    Key(
        "`HANDRAIL_WEBHOOK_SECRET`",
        "by you: `openssl rand -hex 32`",
        "the site and the program that takes its messages",
        "Signing messages to that program",
        "a year",
        "change it on both sides, and read again what came since",
    ),
    Key(
        "`HANDRAIL_OPENID_SECRET`",
        "by the provider",
        "the site and the provider",
        "Fetching ID tokens",
        "as the provider says",
        "have the provider make another",
    ),
    Key(
        "`HANDRAIL_SMTP_PASSWORD`",
        "by the mail server",
        "the site and the mail server",
        "Sending mail",
        "as the mail server says",
        "have another made; tell those who may have got mail in your name",
    ),
    Key(
        "`HANDRAIL_STORE_PASSWORD`",
        "by you: `openssl rand -hex 32`",
        "the nodes of one site and its database",
        "Reading and writing the store",
        "a year",
        "`ALTER ROLE … PASSWORD`, then restart the nodes; take it that all was read",
    ),
    Key(
        "`HANDRAIL_LIMITS_PASSWORD`",
        "by you: `openssl rand -hex 32`",
        "the nodes of one site and Valkey",
        "Counting requests",
        "a year",
        "change it in Valkey, then restart the nodes",
    ),
    Key(
        "Seeds of apps for codes",
        "from the key of the site and 192 random bits",
        "the site and one colleague's app; never stored as they are",
        "Codes at sign-in",
        "until it is turned off",
        "turn it off and set it up again",
    ),
    Key(
        "Recovery codes",
        "ten of 80 random bits",
        "one colleague; the site keeps hashes",
        "One sign-in each",
        "until used, or the second factor is turned off",
        "turn the second factor off and on again",
    ),
    Key(
        "First passwords",
        "by `handrail users`, 99 random bits",
        "whoever runs the command and one colleague; the site keeps a hash",
        "Choosing another",
        "three days, or until another is chosen",
        "`handrail users passwd NAME`",
    ),
    Key(
        "Tokens of sessions and of links in mails",
        "256 and 128 random bits",
        "one browser, or one mailbox; the site keeps hashes",
        "That session; that link",
        "twelve hours and less; until the link has done its work",
        "end the session; withdraw by the link",
    ),
    Key(
        "Key of the counts of tabs",
        "by each process, 256 random bits",
        "that process alone, in memory",
        "Counting [people](security.md#crowds)",
        "a day",
        "restart the service",
    ),
    Key(
        "Key and certificate of the web server",
        "by you or your authority",
        "the web server alone; Handrail does not see it",
        "TLS with browsers",
        "as the certificate says",
        "have it revoked, and another issued for another key",
    ),
    Key(
        "Public keys of an OpenID provider, and certificates of authorities",
        "by the provider; by the authorities",
        "everybody: they are public",
        "Checking ID tokens; checking certificates",
        "as the provider and the machine's list say, read again by themselves",
        "nothing is to be done here",
    ),
)


def uses_table() -> str:
    """What cryptography is used for, as Markdown."""
    rows = ["| Algorithm | Strength in bits | Protects | Key | In the code |", "|---|---|---|---|---|"]
    for one in USES:
        places = ", ".join(f"`{place}`" for place in one.places)
        rows.append(f"| {one.algorithm} | {one.bits or 'none needed'} | {one.protects} | {one.key} | {places} |")
    return "\n".join(rows)


def keys_table() -> str:
    """Every key and its life, as Markdown."""
    rows = ["| Key | Made | Held by | Used for, and nothing else | Until | If it leaked |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {one.name} | {one.made} | {one.holders} | {one.used_for} | {one.until} | {one.leaked} |" for one in KEYS
    ]
    return "\n".join(rows)
