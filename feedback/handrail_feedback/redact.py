"""Takes out of a customer's words what tells who they are or opens a door: addresses, numbers, names, secrets.

Pure and quick; in doubt a number of nine digits or more goes, and an error code, a version, a year or a port stays.
Knows no language well: a name is found only after words such as "my name is". What is missed is why the words are
kept for a stated time only. Every pattern is bounded, so that no text can make it slow.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, luhn
from stdnum.es import dni, nie
from stdnum.it import codicefiscale

_PASSES = 5
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "CH", "NL", "AT")
_PHONE_TRIES = 20


def redact(text: str) -> str:
    """The text with placeholders such as [email] in place of what must not be kept.

    Redacting twice changes nothing more. Never raises; the result is at most a few times as long.
    """
    text = _INVISIBLE.sub("", text)
    for _ in range(_PASSES):
        redacted = _once(text)
        if redacted == text:
            break
        text = redacted
    return text


def _once(text: str) -> str:
    for pattern, replacement in _WORDS:
        text = pattern.sub(replacement, text)
    if not _ENOUGH_DIGITS.search(text):
        return text
    for number_pattern, number_replacement in _NUMBERS:
        text = number_pattern.sub(number_replacement, text)
    text = _phones(text)
    return _LONG_NUMBER.sub(_long_number, text)


# --- Words: e-mail addresses, links, secrets, names, network addresses -------------------------------------------

_KEYWORDS = (
    r"pass(?:word|code|phrase)?s?|pwd|passwor[dt]e?r?|kennwort|zugangscode|mots?\s+de\s+passe|mdp|contrase(?:ñ|n)as?|clave"
    r"|pw|pin|puk|cvv|cvc|tan|otp|token|api[ _-]?key|secret|security\s+code|access[ _-]?key|authorization"
)
_SECRET_AFTER_SIGN = re.compile(
    rf"(?i)\b((?:{_KEYWORDS})\s{{0,3}}[:=]\s{{0,3}}(?:bearer\s{{1,3}}|basic\s{{1,3}})?)[^\s\[]\S{{0,499}}"
)
_SECRET_AFTER_IS = re.compile(
    rf"(?i)\b((?:{_KEYWORDS})\s{{1,3}}(?:is|was|ist|lautet|war|est|es|era)\s{{1,3}})([^\s\[]\S{{3,99}})"
)
# "password hunter2", "PIN 1234": without a sign between them only what holds a digit counts as one.
_SECRET_AFTER_SPACE = re.compile(rf"(?i)\b((?:{_KEYWORDS})\s{{1,3}})(?=[^\s\[]{{0,98}}\d)([^\s\[]{{3,99}})")
# Zero-width characters, which would hide a number from every pattern.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_BEARER = re.compile(r"(?i)\b(bearer\s{1,3})[A-Za-z0-9._~+/=-]{8,2000}")
_TOKEN = re.compile(r"(?<![\w/+.:-])[A-Za-z0-9_+][A-Za-z0-9_+/-]{19,1999}={0,2}(?![\w/+-])")
_KNOWN_TOKEN = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj)?[-_]?[A-Za-z0-9_-]{12,200}|\bgh[pousr]_[A-Za-z0-9]{16,200}"
    r"|\bgithub_pat_\w{16,200}|\bxox[abprs]-[A-Za-z0-9-]{8,200}|\bAKIA[A-Z0-9]{12,32}|\beyJ[A-Za-z0-9_.-]{16,2000}"
)
_GUID = re.compile(r"(?i)(?<![\w-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])")
_LINK_LOGIN = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@\[]{1,200}@(?=[^\s@])")
_LINK_QUERY = re.compile(
    r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s?#]{1,500}|www\.[^\s?#]{1,500})(?:\?(?!\[query\])|#(?=[^\s=]{0,100}=))\S{1,2000}"
)
_EMAIL = re.compile(r"[^\s@<>()\[\]\"',;:/?=&]{1,64}(?:@|\uff20|%40)[^\s@<>()\[\]\"',;:/?=&]{0,255}")
_EMAIL_SPELLED = re.compile(
    r"(?i)[\w.+-]{1,64}\s{0,2}(?:\(at\)|\[at\]|\{at\})\s{0,2}[\w.-]{1,100}(?:\s{0,2}(?:\(dot\)|\[dot\]|\{dot\})\s{0,2}[\w-]{1,20}){0,3}"
    r"|[\w.+-]{1,64}\s(?:at|arroba|arobase)\s[\w-]{1,60}\s(?:dot|punkt|point|punto)\s"
    r"(?:com|org|net|info|edu|gov|io|eu|uk|co|de|at|ch|fr|be|es|mx|it|nl|us|ca|au)\b"
)
_HOME = re.compile(
    r"((?<![\w.-])/home/|(?<![\w.-])/Users/|(?i:\b[a-z]:[\\/]{1,2}(?:Users|Documents and Settings)[\\/]{1,2}))"
    r"(?!\[name\]|Public\b|Shared\b|Default\b)[^\s\\/:\"'<>|?*]{1,64}"
)
_IPV4 = re.compile(
    r"(?i)(?<![\d.\w-])(v|version|ver\.?|release|build|firmware)?(\s{0,2})(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d]|\.\d)"
)
_IPV6 = re.compile(r"(?i)(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w{1,16})?(?![\w:])")
_MAC = re.compile(r"(?i)(?<![\w:-])[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?![\w:-])")

# What is often said of a name rather than being one.
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """a an the on in of for at to too as and or but with from by my your his her their our this that it is
        was be been not no never now still also already only just very spelled spelt misspelled misspelt
        mispelled written wrong incorrect incorrectly wrongly missing different displayed shown showing showed
        hidden gone changed duplicated outdated blank empty invalid rejected correct fine visible taken
        required long short unknown public private misprinted printed appearing cut off i you we they when
        where why how what if because nicht kein keine falsch richtig schon noch auf im der die das ein eine
        und oder aber mit zu sehr ich wir geändert verschwunden leer lang kurz unbekannt gleich jetzt ist war
        wurde wird wie wo warum wenn weil mal pas plus sur dans le la les un une et ou mais avec est était
        faux erroné absent vide trop je nous comment quand pourquoi parce en el los las una y o pero con está
        estaba equivocado incorrecto falta incorrecta vacío muy yo cómo cuando porque si""",
    )
)
_NAME_CUE = (
    r"my\s+(?:full\s+|last\s+|first\s+)?name(?:\s+is|'s|\u2019s)|name's|i\s?(?:am|'m|\u2019m)\s+called|mein\s+name\s+ist|ich\s+hei(?:ß|ss)e"
    r"|je\s+m\s?['\u2019]?\s?appelle|mon\s+nom\s+est|me\s+llamo|mi\s+nombre\s+es"
)
_NAME = re.compile(
    rf"(?i)\b({_NAME_CUE})(\s{{1,3}}|\s{{0,2}}:\s{{0,3}})([^\W\d_][\w'\u2019.-]{{0,40}}(?:\s[^\W\d_][\w'\u2019.-]{{0,40}}){{0,5}})"
)
# Words within a name, as in "van den Broek": they are part of it when a name follows.
_PARTICLES = frozenset(
    re.findall(r"\w+", "van von vom zu zum der den de del della di da do dos das la le el ter ten y e")
)
_TITLED = re.compile(
    r"\b(Mr|Mrs|Ms|Miss|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?|Dr|Prof)(\.?\s)"
    r"([A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}(?:\s[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}){0,2})"
)
_SIGNED = re.compile(
    r"(?i)\b((?:kind|best|warm)\s+regards|regards|sincerely|mit\s+freundlichen\s+grüßen|viele\s+grüße|cordialement|saludos)"
    r"([,\s]{1,5})([^\W\d_][\w'\u2019.-]{1,40}(?:\s[^\W\d_][\w'\u2019.-]{1,40}){0,2})\s*$"
)
_BORN = re.compile(
    r"(?i)\b((?:born|birthday|date\s+of\s+birth|dob|geboren|geburtsdatum|geburtstag|née?|naissance|nacid[oa]|nacimiento)"
    r"\W{1,3}(?:(?:on|is|am|ist|le|el|en|est|es)\s)?)\d{1,4}[./ -]\d{1,2}[./ -]\d{1,4}"
)


def _secret_if_it_looks_like_one(match: re.Match[str]) -> str:
    """`password is wrong` stays, `password is hunter2` does not."""
    word = match[2]
    return f"{match[1]}[secret]" if any(character.isdigit() for character in word) else match[0]


def _token(match: re.Match[str]) -> str:
    """Long hexadecimal or base64 text; file names, paths and long words stay."""
    text = match[0]
    if re.fullmatch(r"[0-9a-fA-F]{32,}", text):
        return "[secret]"
    return "[secret]" if any(map(_mixed, re.split(r"[/_+-]", text))) else text


def _mixed(piece: str) -> bool:
    """Whether capitals, small letters and digits stand mixed in one long piece, as nobody writes words."""
    digits = sum(character.isdigit() for character in piece)
    return len(piece) >= 16 and digits >= 2 and piece.lower() != piece and piece.upper() != piece


def _name(match: re.Match[str]) -> str:
    """The words after the cue that can be a name; all further ones must be written like names, or like the first."""
    words = match[3].split()
    if words[0].casefold().strip(".'\u2019") in _NO_NAMES:
        return match[0]
    count, named, lower = 1, 1, words[0].islower()
    for place, word in enumerate(words[1:], start=2):
        plain = word.casefold().strip(".'\u2019")
        if plain in _PARTICLES:
            continue
        if plain in _NO_NAMES or (word.islower() and not (lower and named < 2)):
            break
        count, named = place, named + 1
    rest = "".join(f" {word}" for word in words[count:])
    return f"{match[1]}{match[2]}[name]{rest}"


def _ipv4(match: re.Match[str]) -> str:
    """An address of four parts up to 255, unless it is called a version."""
    if match[1] or any(int(part) > 255 for part in match[3].split(".")):
        return match[0]
    return f"{match[2]}[ip]"


def _ipv6(match: re.Match[str]) -> str:
    """An address, but not the time `12:30:45` nor the `::` of a programming language."""
    text = match[0].split("%")[0]
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return match[0]
    return "[ip]" if any(character.isdigit() for character in text) else match[0]


_Replacement = str | Callable[[re.Match[str]], str]

_WORDS: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (_LINK_LOGIN, r"\1[secret]@"),
    (_LINK_QUERY, r"\1?[query]"),
    (_BEARER, r"\1[secret]"),
    (_SECRET_AFTER_SIGN, r"\1[secret]"),
    (_SECRET_AFTER_IS, _secret_if_it_looks_like_one),
    (_SECRET_AFTER_SPACE, r"\1[secret]"),
    (_KNOWN_TOKEN, "[secret]"),
    (_EMAIL_SPELLED, "[email]"),
    (_EMAIL, "[email]"),
    (_GUID, "[secret]"),
    (_HOME, r"\1[name]"),
    (_MAC, "[number]"),
    (_IPV6, _ipv6),
    (_NAME, _name),
    (_TITLED, r"\1\2[name]"),
    (_SIGNED, r"\1\2[name]"),
)

# --- Numbers: bank accounts, cards, national numbers, phones -----------------------------------------------------

_ENOUGH_DIGITS = re.compile(r"(?:\d\D{0,30}){4}")
_GAP = r"[ \u00a0.\u2009\u202f-]?"
_IBAN = re.compile(r"(?i)(?<![a-z0-9])[a-z]{2}\d{2}(?:[ \u00a0-]?[a-z0-9]){8,30}(?![a-z0-9])")
_CARD = re.compile(rf"(?<![\d.,])\d(?:{_GAP}\d){{12,18}}(?![\d]|[.,]\d)")
_PERSON_NUMBER = re.compile(
    r"(?i)(?<![\w-])(?:[a-ceghj-prtw-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]|[xyz]?\d{7,8}-?[a-z]"
    r"|[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z])(?![\w-])"
)
_LONG_NUMBER = re.compile(r"(?<![\w.,])(?:\+|\()?\d(?:[ \u00a0()/-]{0,2}\d){7,10000}(?!\w)")
_DATE = re.compile(
    r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?\b"
    r"|\b(?:19|20)\d{2}([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])\b(?:[T ]{1,2}\d{1,2}(?!\d))?"
    r"|\b(?:0?[1-9]|[12]\d|3[01])([-/. ])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d{2}\b(?: {1,2}\d{1,2}(?!\d))?"
)
_YEARS = re.compile(r"(?:(?:19|20)\d{2}\D{0,3})+")
_PHONE_CUE = re.compile(
    r"(?i)(?:phone|mobile|cell|tel|call|ring|sms|text|whatsapp|fax|number|handy|anruf|ruf|nummer|mobil"
    r"|téléphone|telephone|portable|appel|numéro|teléfono|móvil|llam|número)[^\d]{0,25}$"
)


def _iban(match: re.Match[str]) -> str:
    """The account number at the beginning of the match; words that follow it were only caught by the pattern."""
    text = match[0]
    for end in range(len(text), 14, -1):
        whole_words = text[end - 1].isalnum() and not text[end : end + 1].isalnum()
        if whole_words and iban.is_valid(text[:end], check_country=False):
            return f"[iban]{text[end:]}"
    head = text.split()[0] if " " in text else text
    groups = sum(character.isdigit() for character in text)
    return match[0] if groups < 12 or len(head) > 34 else _DIGITS_TAIL.sub("[iban]", text, count=1)


_DIGITS_TAIL = re.compile(r"(?i)^[a-z]{2}\d{2}(?:[ \u00a0-]?[a-z]{0,4}\d[a-z0-9]{0,3}){2,12}")


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    issued = (not _DATE.fullmatch(match[0]) and digits[0] in "3456") or "22" <= digits[:2] <= "27"
    return "[card]" if issued and luhn.is_valid(digits) else match[0]


def _person_number(match: re.Match[str]) -> str:
    """A national number whose check letter is right, or one that only looks British."""
    text = match[0].replace(" ", "").replace("-", "")
    if len(text) == 9 and text[:2].isalpha():
        return "[number]"
    valid = dni.is_valid(text) or nie.is_valid(text) or codicefiscale.is_valid(text)
    return "[number]" if valid else match[0]


_NUMBERS: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (_BORN, r"\1[date]"),
    (_IPV4, _ipv4),
    (_IBAN, _iban),
    (_TOKEN, _token),
    (_CARD, _card),
    (_PERSON_NUMBER, _person_number),
)

_PHONE_LIKE = re.compile(r"(?<![\w.])\+?\(?\d(?:[\s().\u2010-\u2013/-]{0,3}\d){6}")


def _phones(text: str) -> str:
    """Phone numbers of several countries: international ones, and local ones written or introduced as such."""
    if not _may_hold_phone(text):
        return text
    for region in _REGIONS:
        found = [
            (match.start, match.end)
            for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=_PHONE_TRIES)
            if _is_phone(text, match.start, match.raw_string)
        ]
        for start, end in reversed(found):
            text = f"{text[:start]}[phone]{text[end:]}"
        if not _may_hold_phone(text):
            break
    return text


def _may_hold_phone(text: str) -> bool:
    """Asked before the matcher, which is slow, looks for the numbers of every region."""
    return bool(_PHONE_LIKE.search(_DATE.sub(" ", text)))


def _is_phone(text: str, start: int, raw: str) -> bool:
    """Whether a possible number is meant as one: dates, order numbers and versions are possible numbers too."""
    digits = sum(character.isdigit() for character in raw)
    if raw.startswith(("+", "00")):
        return True
    if _DATE.search(raw) or digits < 7:
        return False
    before = text[max(0, start - 40) : start]
    groups = len(re.findall(r"\d+", raw))
    written_as_phone = groups >= 3 or (digits >= 9 and raw.startswith(("0", "(")))
    return written_as_phone or bool(_PHONE_CUE.search(before))


def _long_number(match: re.Match[str]) -> str:
    """Nine digits or more are an account, an order, a person; dates and rows of years are not."""
    without_dates = _DATE.sub(" ", match[0])
    if _YEARS.fullmatch(match[0]) or _is_windows_error(match):
        return match[0]
    digits = sum(character.isdigit() for character in without_dates)
    return "[number]" if digits >= 9 else match[0]


def _is_windows_error(match: re.Match[str]) -> bool:
    """-2147024894 and its like: an error as Windows counts them, a negative number of 32 bits."""
    before = match.string[max(0, match.start() - 2) : match.start()]
    return before in ("-", " -") and match[0].isdigit() and len(match[0]) == 10 and int(match[0]) <= 2**31
