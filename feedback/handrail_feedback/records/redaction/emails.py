"""E-mail addresses, also spelt out; packages in a version and accounts that every machine has stay. Pure."""

from __future__ import annotations

import re

from handrail_feedback.records.redaction.networks import is_ipv4, is_open
from handrail_feedback.records.redaction.rewriting import Rules
from handrail_kb.language.segments import UNSPACED

_EMAIL = re.compile(
    r"(?:[^\s@<>()\[\]\"',;:/?=&]|(?<=[^\W\d_])'(?=[^\W\d_])){1,64}(?:@|%40)[^\s@<>()\[\]\"',;:/?=&]{0,255}"
)
_AT_SIGN = "arroba|arobase|klammeraffe|chiocciola|zavináč|małpa|kukac|apenstaartje|snabel-a|собака"
_AT = f"at|ät|{_AT_SIGN}"
# Without one of these there is no address: asked first, because the rules are slow.
MAY_BE_ONE = re.compile(rf"(?i)@|%40|\(a\)|(?-i:AT)|(?<![^\W\d_])(?:{_AT})(?![^\W\d_])")
_DOT = "dot|punkt|point|punto|tečka|kropka|ponto|точка"
_ENDING = (
    "com|org|net|info|edu|gov|io|eu|uk|co|de|at|ch|fr|be|es|mx|it|nl|us|ca|au|cz|pl|se|dk|no|fi|pt|br|in|ru|me|app|dev"
)
_SPELLED_START = rf"(?:\b[\w-]{{1,30}}\s(?:{_DOT})\s){{0,3}}"
_EMAIL_SPELLED = re.compile(
    r"(?i)\"[^\"@\[]{1,64}\"@[\w.-]{1,255}"
    r"|[\w.+-]{1,64}\s{1,2}@\s{0,2}[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[^\W\d_]{2,24}\b"
    r"|(?=[\w+-]{0,63}[.\d])[\w.+-]{1,64}\s(?:at|arroba|arobase)\s(?:g(?:oogle)?mail|yahoo|hotmail|outlook|icloud"
    r"|gmx|web|live|msn|aol"
    r"|proton(?:mail)?)\.[a-z]{2,4}\b"
    r"|[\w.+-]{1,64}(?:\s{0,2}[(\[{<]\s?(?:at|ät|arroba|arobase|chiocciola|собака)\s?[)\]}>]\s{0,2}"
    r"|\s{1,2}[|*_-]at[|*_-]\s{1,2})[\w.-]{1,100}"
    r"(?:\s{0,2}[(\[{<|*_-]\s?(?:dot|punkt|point|punto)\s?[)\]}>|*_-]\s{0,2}[\w-]{1,20}){0,3}"
    r"|[\w.+-]{1,64}\(a\)[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}\b"
    rf"|{_SPELLED_START}[\w.+-]{{1,64}}\s(?:{_AT})\s[\w-]{{1,60}}(?:\s(?:{_DOT})\s[\w-]{{1,30}}){{0,3}}"
    rf"\s(?:{_DOT})\s(?:{_ENDING})\b"
    rf"|{_SPELLED_START}[\w.+-]{{1,64}}\s(?:{_AT_SIGN})\s[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}"
    rf"|[\w.+-]{{1,64}}@[\w-]{{1,63}}\s(?:{_DOT})\s(?:{_ENDING})\b"
    rf"|[\w.+-]{{1,64}}\s?@\s?[\w-]{{1,63}}\s\.\s?(?:{_ENDING})\b"
    rf"|(?<![\w.-])[a-z\d]{{1,40}}(?-i:AT)[a-z\d-]{{1,60}}(?-i:DOT)(?:{_ENDING})\b"
)
# "ann at example.org", but not "sign in at example.org" nor "crash at main.py".
_EMAIL_AT = re.compile(
    rf"(?i)(?<![\w.@-]){_SPELLED_START}(?P<name>[\w.+-]{{1,64}})\sat\s[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,3}}\.(?:{_ENDING})"
    r"(?![\w-]|\.\w|/)"
)
_BEFORE_PLACE = frozenset(
    re.findall(
        r"\w+",
        """a an and are be here i in is it look looked looking me my now off on or out over page site that the them
        there up us was we were you this website webpage shop store account log login logon logged signin sign signup
        register registered buy bought order ordered orders pay paid payment hosted located available found find see
        saw get got download downloads downloaded read people staff team support someone host server error errors
        crash crashes fails failed stuck stops stopped arrived work works working subscribe price prices ask call
        documentation docs help forum blog api dns domain mail email address""",
    )
)


# react@18.2.0, vite@5, actions/checkout@v4, lodash@latest, nginx@sha256: a package in one of its versions.
_VERSION = re.compile(
    r"(?:v\d{1,4}(?:\.\d{1,6}){0,3}|[~^]?\d{1,4}(?:\.\d{1,6}){0,3})(?:[-+][\w.-]{1,30})?"
    r"|latest|next|alpha|beta|canary|nightly|stable|lts|edge|experimental|insiders|sha\d{3}"
)
# Names that programs have on every machine: nobody is root@localhost or git@github.com.
_NOBODY = frozenset(("root", "git", "hg", "svn", "admin", "user", "username", "ubuntu", "pi", "ec2-user", "postgres"))
_CODE_HOSTS = re.compile(
    r"(?i)(?:[\w-]{1,30}\.){0,3}(?:git(?:hub|lab|ea)?|bitbucket|codeberg|dev\.azure|ssh)\.[\w.-]{2,40}"
)


def _email(match: re.Match[str]) -> str:
    """An address, from the first sign after the @ on, unless it is a package or an account that every machine has."""
    before, *_, after = re.split("@|%40", match[0])
    after = after.rstrip(".!")
    package = _VERSION.fullmatch(after) and not is_ipv4(after)
    machine = after.isalnum() or bool(_CODE_HOSTS.fullmatch(after)) or is_open(after)
    if package or (before.casefold() in _NOBODY and machine):
        return match[0]
    return _within_sentence(match[0], before, match[0][len(before) :])


def _email_at(match: re.Match[str]) -> str:
    return match[0] if match["name"].casefold().strip(".-+") in _BEFORE_PLACE else "[email]"


def _within_sentence(text: str, before: str, after: str) -> str:
    """The placeholder in place of an address in Latin letters, within the words of a script that sets no spaces."""
    own, rest = _OWN_LETTERS.search(before), _OTHER_LETTERS.search(after)
    first = own.start() if own else 0
    last = rest.start() if rest and after[1 : rest.start()].strip("%40@.") else len(after)
    return f"{before[:first]}[email]{after[last:]}"


_OWN_LETTERS = re.compile(rf"(?<=[{UNSPACED}])[!-~]+$")
_OTHER_LETTERS = re.compile(f"[{UNSPACED}]")

RULES: Rules = ((_EMAIL_SPELLED, "[email]"), (_EMAIL_AT, _email_at), (_EMAIL, _email))
