"""How much of what tells who somebody is gets taken out of customers' words, and how much that says nothing stays.

    python tests/quality/redaction.py            print the table
    python tests/quality/redaction.py --write    and renew docs/operators/redaction.md

People's addresses, numbers and names are made up by Faker for twelve countries, phone numbers by the rules of
phonenumbers, each in a sentence as customers write them. What must stay is a list of error codes, versions and such.
Patterns were mended with one seed; figures are of another.
"""

from __future__ import annotations

import random
import re
import string
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import phonenumbers
from faker import Faker
from places import put_into

from handrail_feedback.records.redaction.redact import redact

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operators" / "redaction.md"
SEED, EACH = 2_026, 400
_TRIES = 50

_LOCALES = {
    "US": "en_US", "GB": "en_GB", "DE": "de_DE", "AT": "de_AT", "CH": "de_CH", "FR": "fr_FR", "ES": "es_ES",
    "IT": "it_IT", "NL": "nl_NL", "PL": "pl_PL", "SE": "sv_SE", "PT": "pt_PT",
}  # fmt: skip
_SENTENCES = {
    "mail": ("I wrote from {} yesterday", "why does {} get no mail", "change my login to {}, please", "{} is blocked",
             "meine Adresse ist {} und geht nicht", "mon compte {} est bloqué", "no puedo entrar con {}",
             "send it to {}.", "is ({}) right?", "mail:{}"),
    "phone": ("call me at {}", "my number is {} and I get no code", "no SMS on {} since Monday", "{} is my new phone",
              "meine Handynummer {} wird nicht erkannt", "rufen Sie mich unter {} an", "mon numéro {} ne marche plus",
              "mi teléfono es {}", "phone: {}", "I changed from {} to another number"),
    "card": ("my card {} was declined", "you charged {} twice", "{} expires soon", "card number {}, what now",
             "meine Karte {} geht nicht", "ma carte {} est refusée", "mi tarjeta {} no funciona", "paid with {}."),
    "iban": ("refund to {} please", "my account {} is wrong", "bitte auf {} überweisen", "mon IBAN {} a changé",
             "mi cuenta es {}", "IBAN: {}", "{} belongs to me", "you took it from {} by mistake"),
    "name": ("my name is {} and I cannot log in", "My name is {}.", "mein Name ist {}, ich komme nicht hinein",
             "je m'appelle {} et je ne trouve rien", "me llamo {} y no puedo entrar", "I am called {}, not Smith"),
    "long number": ("order {} never came", "my customer number is {}", "Bestellung {} fehlt", "commande {} perdue",
                    "ticket {} is open since May"),
    "secret": ("my password is {} and it is refused", "password: {}", "token={} does not work",
               "Passwort {} geht nicht", "pin {} is wrong", "api key: {}"),
}  # fmt: skip
# Says nothing of anybody, and without it nobody could be helped.
ORDINARY = (
    """
error E-1042 when saving|0x80070057 after the update|what does 0x800CCC0E mean|Thunderbird 128.5.0esr is slow
version 11.0.2 crashes|Windows 10 22H2 blue screen|KB5034441 fails to install|550 5.7.1 relaying denied
HTTP 404 on the page|error 1603 at install|code C-8|PGMP-15 in the log|port 993 or 143|IMAP on 993, SMTP on 587
localhost:8080 refused
ISO 27001 certificate|RFC 5322 headers|UTF-8 or ISO-8859-1|SHA-256 of the download|TLS 1.3 required|1024x768 screen
3840x2160 at 60 Hz|24.12.2026 delivery|2026-11-22 10:33 nothing came|from 09:00 to 17:30|on 5/6/2024 it worked
in 2024 and 2025|1,299.00 EUR instead of 1,199.00|12.50 per month|20 % discount|room 1204|seat 23A|flight LH 1234
iPhone 15 Pro Max|Galaxy S23|HP LaserJet 4250|Model TX-200-B|firmware 2.13.0|10.15.7 on my Mac|Python 3.11.2
profiles.ini is gone|about:config setting|userChrome.css|mail.server.default.timeout|C:\\Program Files\\App\\app.exe
-1 as the answer|errno 10054|error -2147024894|NS_ERROR_NET_TIMEOUT|SEC_ERROR_UNKNOWN_ISSUER|status 0x1F4|16 GB of 32 GB
100000 messages in the inbox|page 12 of 340|chapter 3.2.1|§ 312g|DIN A4|USB 3.2|802.11ac|5 GHz|H.264|MP3 320 kbps
batch 7 lot 42|size 42|EU 38|2x4|1/2 inch|10-15 days|24/7|B2B|G20|COVID-19|Sonata no. 14|bus 100|route A7|4K HDR10
my password is wrong|the password is not accepted|forgot my PIN|name is displayed wrong|my name is misspelled
write to us at the office|meet at noon|I am at home|Mr or Mrs is missing in the form|call me back|at 8 in the morning
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@dataclass(frozen=True)
class Found:
    """What came of one kind: `taken` of `of` were taken out whole; `missed` are sentences that kept some."""

    kind: str
    taken: int
    of: int
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        """The share that was taken out."""
        return self.taken / self.of


def measure(seed: int = SEED, each: int = EACH) -> tuple[list[Found], list[str]]:
    """What is taken out of each kind, and ordinary words that were taken out, too."""
    chance = random.Random(seed)
    fakers = {country: Faker(locale) for country, locale in _LOCALES.items()}
    for number, faker in enumerate(fakers.values()):
        faker.seed_instance(seed + number)
    found = []
    for kind, make in _MAKERS.items():
        missed = []
        for _ in range(each):
            country = chance.choice(list(_LOCALES))
            value = make(fakers[country], country, chance)
            sentence = chance.choice(_SENTENCES[kind]).format(value)
            if is_left(kind, value, redact(sentence)):
                missed.append(sentence)
        found.append(Found(kind, each - len(missed), each, tuple(missed)))
    return found, [words for words in ORDINARY if redact(words) != words]


def is_left(kind: str, value: str, redacted: str) -> bool:
    """Whether anything of the value is left: a digit of a number, a word of a name, either half of an address."""
    if kind == "secret":
        return value in redacted
    if kind == "mail":
        return any(half.lower() in redacted.lower() for half in value.split("@"))
    if kind == "name":
        words = set(re.findall(r"\w+", redacted.lower()))
        return any(word in words for word in re.findall(r"\w{3,}", value.lower()))
    return any(character.isdigit() for character in redacted)  # the sentences around them have none


# --- made up


def _mail(faker: Faker, country: str, chance: random.Random) -> str:
    address = faker.email() if chance.random() < 0.8 else f"{faker.user_name()}+shop@{faker.domain_name(2)}"
    return address.upper() if chance.random() < 0.1 else address


def _phone(faker: Faker, country: str, chance: random.Random) -> str:
    """A possible number of the country, in one of the ways it is written there."""
    kind = chance.choice([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
    candidate = example = phonenumbers.example_number_for_type(country, kind)
    for _ in range(_TRIES):
        digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        other = phonenumbers.parse(digits[:-5] + "".join(chance.choices(string.digits, k=5)), country)
        if phonenumbers.is_valid_number(other):
            candidate = other
            break
    form = chance.choice([
        phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
    ])  # fmt: skip
    written = phonenumbers.format_number(candidate, form)
    return written.replace(" ", chance.choice([" ", " ", "-", ""])) if chance.random() < 0.4 else written


# Cards are the same everywhere, but Faker's lists of them are not.
_CARDS = Faker("en_US")


def _card(faker: Faker, country: str, chance: random.Random) -> str:
    _CARDS.seed_instance(chance.randrange(10**9))
    digits = _CARDS.credit_card_number(chance.choice(["visa", "mastercard", "amex"]))
    gap = chance.choice(["", " ", "-"])
    return gap.join(digits[start : start + 4] for start in range(0, len(digits), 4))


def _iban(faker: Faker, country: str, chance: random.Random) -> str:
    euro = country if country != "US" else "GB"
    account = Faker(_LOCALES[euro])
    account.seed_instance(chance.randrange(10**9))
    digits = account.iban()
    grouped = " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    return chance.choice([digits, grouped, digits.lower()])


def _name(faker: Faker, country: str, chance: random.Random) -> str:
    name = f"{faker.first_name()} {faker.last_name()}"
    return name.lower() if chance.random() < 0.2 else name


def _long_number(faker: Faker, country: str, chance: random.Random) -> str:
    return str(chance.randint(1, 9)) + "".join(chance.choices(string.digits, k=chance.randint(9, 15)))


def _secret(faker: Faker, country: str, chance: random.Random) -> str:
    return faker.password(length=chance.randint(8, 20), special_chars=chance.random() < 0.5)


_MAKERS: dict[str, Callable[[Faker, str, random.Random], str]] = {
    "mail": _mail, "phone": _phone, "card": _card, "iban": _iban, "name": _name, "long number": _long_number,
    "secret": _secret,
}  # fmt: skip
_NAMES = {
    "mail": "E-mail addresses", "phone": "Phone numbers", "card": "Card numbers", "iban": "IBANs",
    "name": "Names after “my name is” and the like", "long number": "Numbers of ten digits or more",
    "secret": "Passwords, PINs and tokens after their word",
}  # fmt: skip


def as_table(found: list[Found], alarms: list[str]) -> str:
    """Markdown."""
    rows: Iterator[str] = (f"| {_NAMES[one.kind]} | {one.of} | {one.recall:.3f} |" for one in found)
    head = "| | Sentences | Taken out |\n|---|---:|---:|"
    kept = len(ORDINARY) - len(alarms)
    last = f"Of {len(ORDINARY)} error codes, versions, dates and the like, {kept} stayed as they were written."
    return "\n".join([head, *rows]) + f"\n\n{last}"


@click.command()
@click.option("--seed", type=int, default=SEED, show_default=True)
@click.option("--missed", is_flag=True, help="Show what was missed, and what was taken out in vain.")
@click.option("--write", is_flag=True, help=f"Renew {PAGE.name}.")
def main(seed: int, missed: bool, write: bool) -> None:
    """Measure, and print the table."""
    found, alarms = measure(seed)
    sys.stdout.write(as_table(found, alarms) + "\n")
    if missed:
        for one in found:
            sys.stdout.write("".join(f"{one.kind}: {text} -> {redact(text)}\n" for text in one.missed[:12]))
        sys.stdout.write("".join(f"ordinary: {text} -> {redact(text)}\n" for text in alarms))
    if write:
        put_into(PAGE, "redaction", as_table(found, alarms))


if __name__ == "__main__":
    main()
