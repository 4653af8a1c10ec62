"""Passwords, keys and tokens: beside a word such as password, in a command, or known by their form. Pure."""

from __future__ import annotations

import re

from handrail_feedback.records.redaction.rewriting import SPACED, Rules

_KEYWORDS = (
    r"pass(?:word|code|phrase)?s?|pwd|passwor[dt]e?r?|kennwort|zugangscode|mots?\s+de\s+passe|mdp|contrase(?:ñ|n)as?"
    r"|clave"
    r"|wachtwoord|lösenord|adgangskode|kodeord|passord|hasło|heslo|jelszó|parol[aă]|şifre|salasana|senha|парол[ья]"
    r"|סיסמה"
    r"|كلمة\s(?:المرور|السر)|mật\s+khẩu|pw|pin|puk|cvv2?|cvc2?|tan|otp|token|(?:php|j|asp)?session[ _-]?id|(?:php|j"
    r"|asp)sess(?:ion)?id|(?:api|access|private)[ _-]?key"
    r"|(?:client[ _-]?)?secret(?:[ _-]?key)?|authorization|(?:bestätigungs|sicherheits|wiederherstellungs)code"
    r"|(?:security|verification|confirmation|login|one[ -]?time|auth(?:entication)?|2fa|sms|recovery|backup|reset"
    r"|unlock|(?:my|mein)(?=\s+code\s+(?:is|ist)\s))\s+code"
    r"|şifrem|κωδικ[οό][ςσ](?:\s+μου)?|पासवर्ड"
)
# Before and behind these no space is set.
_UNSPACED_KEYWORDS = "密码|密碼|口令|暗証番号|パスワード|비밀번호|รหัสผ่าน"
# Names of settings join words by low lines: AWS_SECRET_ACCESS_KEY.
_LETTER = SPACED.replace("_", "")
_KEYWORD = rf"(?P<word>(?<![{_LETTER}])(?:{_KEYWORDS})|{_UNSPACED_KEYWORDS})"
_SECRET_AFTER_SIGN = re.compile(
    rf"(?i)({_KEYWORD}(?:[\"'\u201d]?\s{{0,3}}(?:[:=]>?|[-=]>|\u2192)\s{{0,3}}|>(?=[^\s<]))(?:bearer\s{{1,3}}"
    rf"|basic\s{{1,3}})?)(?P<value>[^\s\[>]\S{{0,499}})"
)
_SECRET_AFTER_IS = re.compile(
    rf"(?i)({_KEYWORD}(?:\s{{1,3}}(?:is|was|ist|lautet|war|est|es|era|è|é|jest|to|je|är|er|on|este|là|είναι|هي|هو"
    rf"|है)\s{{1,3}}|\s{{0,2}}(?:[はが是为為은는]|คือ)\s{{0,2}}))"
    r"(?P<value>[^\s\[]\S{3,99})"
)
# "password hunter2", "PIN 1234": without a sign between them only what holds a digit counts as one.
_SECRET_AFTER_SPACE = re.compile(
    rf"(?i)({_KEYWORD}(?:\s{{1,3}}(?:[-\u2013]\s{{1,3}})?|(?:(?<=pin)"
    rf"|(?<=puk))-))(?=[^\s\[]{{0,98}}\d)(?P<value>[^\s\[]{{3,99}})"
)
# "hunter2 is my password", "using hunter2 as password".
_SECRET_BEFORE = re.compile(
    r"(?i)(?<!\S)(?=[^\s\[]{0,98}\d)(?P<value>[^\s\[]{4,99})(?P<rest>\s(?:(?:is|was|ist|war|est|era|es|è|é|is|jest|je)"
    r"\s(?:my|our|the|mein|unser|das|mon|notre|le|mi|la|il|mijn|moje|moj[eí])|as(?:\s(?:my|the|a))?|als|comme|como)\s"
    rf"(?:\w{{2,12}}\s)?{_KEYWORD}(?![^\W])"
    r"(?!\s(?:manager|policy|hint|length|reset|rule|field|type|format|protocol|generator)))"
)
# "token 401 unauthorized", "otp 6-digit code", "password 128 characters", "token oauth2", "password 2fa".
_STATUS = re.compile(r"(?:[45]\d\d|20[0-9]|30[0-8])")
# How long a text may be, in tokens: 2048, 8000, 128k. What a pin of a circuit is called: D13, PA5, GPIO4.
_LENGTH = re.compile(r"(?i)(?:256|512|1024|2048|4096|8192|16384|32768|65536|131072|\d{1,3}000|\d{1,4}[km])")
_CONTACT = re.compile(r"(?i)(?:[a-h]|p[a-k]|p\d\.|gpio_?|io|adc|dac|pwm)\d{1,2}")
_SHORT_SECRETS = re.compile(r"(?i)pin|puk|cvv|cvc|tan|otp|pass(?:word|code|phrase)?s?|security\s+code")
_NO_SECRET = re.compile(
    r"(?i)(?:\d{1,4}[- ]?(?:digits?|chars?|characters?|letters?|bits?|bytes?|factors?|steps?|words?|seconds?|secs?"
    r"|minutes?|mins?|hours?|days?|weeks?|months?|years?|times?|stellige?[nrs]?|stellen|zeichen|ziffern"
    r"|faktor\w{0,20}|sekunden"
    r"|minuten|stunden|tagen?|mal|chiffres?|caractères?|jours?|heures?|cifras|dígitos|caracteres|días|horas|st|nd|rd"
    r"|th)"
    r"|[2-4]fa|mfa2?|o?auth2?|sha-?\d{1,3}|md5|base(?:32|64)|utf-?8|ipv[46]|http2?|o365|m365|office365|365"
    r"|windows\d{1,2}"
    r"|win\d{1,2}|iphone\d{0,2}|ios\d{1,2}|android\d{1,2}|v\d{1,2}(?:\.\d{1,4}){0,3}|x509|rfc\d{3,5}|fido2|u2f"
    r"|tls1?(?:\.\d)?|ssl3?|s3|ec2|k8s|log4j|(?:19|20)\d\d-\d\d-\d\d)(?=[.,;:!?)]{0,2}(?:\s|$))"
)
_BEARER = re.compile(r"(?i)\b(bearer\s{1,3})[A-Za-z0-9._~+/=-]{8,2000}")
_KNOWN_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:sk|pk|rk)[-_](?:live|test|proj)?[-_]?[A-Za-z0-9_-]{12,200}|gh[pousr]_[A-Za-z0-9]{16,200}"
    r"|github_pat_\w{16,200}|xox[abeoprs]-[A-Za-z0-9-]{8,200}|A[KS]IA[A-Z0-9]{12,32}|eyJ[A-Za-z0-9_.-]{16,2000}"
    r"|gl[a-z]{1,5}-[A-Za-z0-9_-]{16,200}|AIza[A-Za-z0-9_-]{30,100}|ya29\.[A-Za-z0-9_-]{16,400}"
    r"|pypi-[A-Za-z0-9_-]{16,400}"
    r"|SG\.[A-Za-z0-9_-]{16,100}\.[A-Za-z0-9_-]{16,100}|xapp-[A-Za-z0-9-]{8,200}"
    # Wallets: of Ethereum, those that name their chain, and those of letters and digits that cannot be mixed up.
    r"|0x[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?(?![A-Za-z0-9_])"
    r"|(?i:bc1|tb1|ltc1|addr1|stake1|cosmos1|bnb1|kaspa:|bitcoincash:)[A-Za-z0-9]{25,110}(?![A-Za-z0-9_])"
    r"|(?=[A-Za-z]{0,34}\d)(?=[a-z\d]{0,34}[A-Z])(?=[A-Z\d]{0,34}[a-z])[13LMDTXr][1-9A-HJ-NP-Za-km-z]{25,34}"
    r"(?![A-Za-z0-9_])"
    # whsec_…, npm_…, hf_…, dop_v1_…: who gave it, and behind a low line what nobody writes by hand.
    r"|(?=[A-Z-]{0,28}\d)(?=[\d-]{0,28}[A-Z])(?:[A-Z\d]{5}-){4}[A-Z\d]{5}(?![A-Za-z0-9_])"
    r"|[A-Za-z]{2,8}(?:_[A-Za-z0-9]{1,6})?_(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{24,200}(?![A-Za-z0-9_]))"
)
_PRIVATE_KEY = re.compile(
    r"-{5}BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-{5}(?:[\s\S](?!-{5}END)){0,8000}"
    r"(?:[\s\S]-{5}END [A-Z0-9 ]{1,60}-{5})?"
)
# {20D04FE0-…} in braces is what Windows calls a part of a program.
GUID = re.compile(r"(?i)(?<![\w{-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])")
_COMMAND_LOGIN = re.compile(r"((?<![\w-])(?:-u|--user)[\s=]{1,3})[^\s:\[]{1,64}:[^\s\[]\S{0,200}")
# What begins a question or a complaint, behind "password:".
_ASKS = frozenset(
    re.findall(
        r"\w+",
        """how where what why when who which can cannot could do does did i my the is it not no forgot forgotten lost
        reset change wie wo was warum wann wer kann ich mein nicht kein vergessen verloren comment où pourquoi quand
        je mon oublié cómo dónde qué por cuándo no mi olvidé perdí""",
    )
)


def _secret_after_sign(match: re.Match[str]) -> str:
    """`token: 401 unauthorized` and `password: where is it` stay, `token=abc` does not."""
    asks = match["value"].casefold().strip(".,;:!?)") in _ASKS and match.string[match.end() :].strip()
    return match[0] if asks or _is_status(match["word"], match["value"]) else f"{match[1]}[secret]"


def _secret(match: re.Match[str]) -> str:
    """`password is wrong` and `otp 6-digit code` stay, `password is hunter2` does not."""
    value = match["value"]
    harmless = not any(map(str.isdigit, value)) or _NO_SECRET.match(match.string, match.start("value"))
    return match[0] if harmless or _is_status(match["word"], value) else f"{match[1]}[secret]"


def _secret_before(match: re.Match[str]) -> str:
    harmless = _NO_SECRET.match(match["value"]) or _is_status(match["word"], match["value"])
    return match[0] if harmless else f"[secret]{match['rest']}"


def _is_status(keyword: str, word: str) -> bool:
    """Whether what is beside a word such as token is a web server's answer or a length, or beside pin a contact."""
    word = word.rstrip(".,;:!?)")
    if keyword.casefold() == "pin":
        return _CONTACT.fullmatch(word) is not None
    if _SHORT_SECRETS.fullmatch(keyword):
        return False
    return bool(_STATUS.fullmatch(word)) or (keyword.casefold() == "token" and _LENGTH.fullmatch(word) is not None)


RULES: Rules = (
    (_COMMAND_LOGIN, r"\1[secret]"),
    (_PRIVATE_KEY, "[secret]"),
    (_BEARER, r"\1[secret]"),
    (_SECRET_AFTER_SIGN, _secret_after_sign),
    (_SECRET_AFTER_IS, _secret),
    (_SECRET_AFTER_SPACE, _secret),
    (_SECRET_BEFORE, _secret_before),
    (_KNOWN_TOKEN, "[secret]"),
)
