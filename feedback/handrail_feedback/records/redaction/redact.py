"""Redacts a customer's words: addresses, numbers, names and secrets become placeholders such as `[email]`.

Pure and quick; in doubt a number of nine digits or more goes, and an error code, a version, a year or a port stays.
Knows no language well: a name is found only after words such as "my name is". What is missed is why the words are
kept for a stated time only. Every pattern is bounded, so that no text can make it slow. Rules read the text in the form
that search compares (`normal_form`): full-width digits and characters that nobody sees hide nothing.
"""

from __future__ import annotations

import re

from handrail_feedback.records.redaction import emails, links, networks, numbers
from handrail_feedback.records.redaction.rewriting import SPACED, Replacement, Rewriting
from handrail_kb.language.normal_form import MARKS

_PASSES = 5
_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]")


def redact(text: str) -> str:
    """The text with placeholders such as [email] in place of what must not be kept.

    Redacting twice changes nothing more. Never raises; the result is at most a few times as long.
    """
    seen = Rewriting(text)
    for _ in range(_PASSES):
        before = seen.form
        for pattern, replacement in _WORDS:
            seen.sub(pattern, replacement)
        numbers.take_out(seen)
        seen.show()
        if seen.form == before:
            break
    return seen.text


def says_nothing(redacted: str) -> bool:
    """Whether nothing but placeholders is left of somebody's words, signs aside."""
    left, placeholders = _PLACEHOLDER.subn(" ", redacted)
    return bool(placeholders) and not any(map(str.isalnum, left))


# --- Words: e-mail addresses, links, secrets, names, network addresses -------------------------------------------

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
_GUID = re.compile(r"(?i)(?<![\w{-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])")
_COMMAND_LOGIN = re.compile(r"((?<![\w-])(?:-u|--user)[\s=]{1,3})[^\s:\[]{1,64}:[^\s\[]\S{0,200}")
_HOME = re.compile(
    r"((?<![\w.-])(?:/var|/export|/usr)?/home/|(?<![\w.-])/Users/"
    r"|(?i:\b[a-z]:[\\/]{1,2}(?:Users|Documents and Settings)[\\/]{1,2})"
    r"|(?i:\\\\[\w.-]{1,63}\\(?:users|homes?|profiles?)\$?\\))"
    r"(?!\[name\]|[$%<{]|(?:Public|Shared|Default|user|username|pi|ubuntu|ec2-user|git|postgres)(?![^\s\\/]))"
    # A name of several words, as far as the next sign of Windows' paths, or one word.
    r"(?:[^\s\\/:\"'<>|?*]{1,64}(?:\s[^\s\\/:\"'<>|?*]{1,30}){1,3}(?=\\)|[^\s\\/:\"'<>|?*]{1,64})"
)
# What begins a question or a complaint, behind "password:".
_ASKS = frozenset(
    re.findall(
        r"\w+",
        """how where what why when who which can cannot could do does did i my the is it not no forgot forgotten lost
        reset change wie wo was warum wann wer kann ich mein nicht kein vergessen verloren comment où pourquoi quand
        je mon oublié cómo dónde qué por cuándo no mi olvidé perdí""",
    )
)

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
    r"my\s+(?:full\s+|last\s+|first\s+)?name(?:\s+is|'s|\u2019s)|name's|i\s?(?:am|'m|\u2019m)\s+called"
    r"|mein\s+name\s+ist|ich\s+hei(?:ß|ss)e"
    r"|je\s+m\s?['\u2019]?\s?appelle|mon\s+nom\s+est|me\s+llamo|mi\s+nombre\s+es|mi\s+chiamo|il\s+mio\s+nome\s+è"
    r"|ik\s+heet|mijn\s+naam\s+is|jag\s+heter|mitt\s+namn\s+är|jeg\s+he(?:ter|dder)|mit\s+navn\s+er|nazywam\s+się"
    r"|mam\s+na\s+imię"
    r"|meu\s+nome\s+é|me\s+chamo|chamo-me|меня\s+зовут|jmenuji\s+se|mă\s+numesc|benim\s+adım|nimeni\s+on|με\s+λένε"
    r"|мо[её]\s+имя|اسمي|שמי|קוראים\s+לי|tên\s+(?:tôi|em|mình)\s+là|tôi\s+tên\s+là|मेरा\s+नाम"
    r""
)
_CAPITALISED = r"[A-ZÀ-ÖØ-ÞА-ЯĀ-Ž][\w'\u2019-]{1,40}"
# As in a form: "Name: Anna Lee", at the beginning of a line or behind another field.
_NAME_FIELD = re.compile(
    r"(?m)((?:^|[,;|.]\s{0,3}|(?i:\b(?:my|your|full|first|last|given|family|maiden|customer|contact|mein|ihr|mon|mi)\s))"
    r"(?i:(?:sur|fore|vor|nach|familien)?name|nom(?:\set\sprénom)?|prénom|nombre(?:\sy\sapellidos?)?|apellidos?|cognome"
    r"|nome(?:\se\scognome)?|naam|voornaam|achternaam|jméno(?:\sa\spříjmení)?|příjmení|imię(?:\si\snazwisko)?|nazwisko"
    r"|navn|namn|имя|фамилия|фио)\s?[:=]\s{0,3})"
    rf"({_CAPITALISED}(?:\s(?:{_CAPITALISED}|[A-Z]\.)){{0,3}})"
)
_NAME_FIELD_UNSPACED = re.compile(
    r"((?:姓名|氏名|お名前|이름|성명|ชื่อ)\s?[:=]\s{0,3})[^\s、。,;\[]{2,12}(?:\s[가-힣一-鿿]{1,4})?"
)
_NAME_UNSPACED = re.compile(
    r"(我(?:名?叫|的名字是|姓))[\u4e00-\u9fff]{2,4}|((?:私|僕)?の?名前は)[^\s、。\[]{1,12}?(?=です|と申|で、|。|$)"
    r"|()[^\s、。\[\]]{1,12}(?=と申します|といいます)|((?:ชื่อของ(?:ฉัน|ผม)คือ|(?:ฉัน|ผม)ชื่อ)\s?)[\u0e01-\u0e4e]{2,24}|((?:제"
    r"|내)\s?이름은\s?)[^\s\[]{2,10}?(?=입니다|이에요|예요|이야|\s|$)"
)
_SPEAKING = re.compile(
    r"((?i:\bthis\s+is|\bhier\s+(?:ist|spricht)|\bici)\s)[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}(?:\s[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}){0,2}"
    r"(?=\s(?i:speaking|calling|writing|am\s+apparat)\b)"
)
_NAME = re.compile(
    rf"(?i)\b({_NAME_CUE})(\s{{1,3}}|\s{{0,2}}:\s{{0,3}})"
    rf"([^\W\d_][\w{MARKS}'\u2019.-]{{0,40}}(?:\s[^\W\d_][\w{MARKS}'\u2019.-]{{0,40}}){{0,5}})"
)
# Words within a name, as in "van den Broek": they are part of it when a name follows.
_PARTICLES = frozenset(
    re.findall(r"\w+", "van von vom zu zum der den de del della di da do dos das la le el ter ten y e")
)
_TITLED = re.compile(
    r"\b(Mr|Mrs|Ms|Miss|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?|Dr|Prof|MRS?|HERRN?|FRAU|MME)"
    r"(\.?\s(?:(?:Dr|Prof|Ing|Mag|Dipl|med|rer|nat|jur|phil|h\.\s?c)\.?[\s-]){0,4})"
    r"(?!(?:Dr|Prof|Ing|Mag|Dipl)\b)([A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}(?:\s[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}){0,2})"
)
_SIGNED = re.compile(
    r"(?i)\b((?:kind|best|warm)\s+regards|regards|sincerely|mit\s+freundlichen\s+grüßen|viele\s+grüße|cordialement"
    r"|saludos)"
    r"([,\s]{1,5})([^\W\d_][\w'\u2019.-]{1,40}(?:\s[^\W\d_][\w'\u2019.-]{1,40}){0,2})\s*$"
)
# "Thanks, Anna" but not "thanks, it works" nor "it works best in Chrome".
_SIGNED_SHORTLY = re.compile(
    r"((?i:\b(?:thanks|thank\s+you|thx|cheers|best(?:\s+wishes)?|yours|love|danke|lg|vg|mfg|(?:liebe|beste"
    r"|schöne)\s+grüße|gruß|merci"
    r"|bien\s+à\s+vous|gracias|un\s+saludo|grazie|obrigad[oa]|groet(?:en|jes)?|tack|hilsen"
    r"|pozdrawiam))\s{0,2}[,!\n]\s{0,3})"
    r"([A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}(?:\s[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40}){0,2})\s*$"
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
        uncased = word.lower() == word.upper()
        if plain in _NO_NAMES or (uncased and named == 2) or (word.islower() and not (lower and named < 2)):
            break
        count, named = place, named + 1
    rest = "".join(f" {word}" for word in words[count:])
    return f"{match[1]}{match[2]}[name]{rest}"


def _name_field(match: re.Match[str]) -> str:
    first = match[2].split()[0].casefold()
    return match[0] if first in _NO_NAMES or first in _NO_PEOPLE else f"{match[1]}[name]"


def _name_unspaced(match: re.Match[str]) -> str:
    return f"{next(filter(None, match.groups()), '')}[name]"


# What Microsoft makes, and what else is called Ms, Dr or Miss and is nobody.
_NO_PEOPLE = frozenset(
    re.findall(
        r"\w+",
        """teams office word excel outlook access edge windows exchange project paint sql azure onedrive sharepoint
        store authenticator dynamics visio powerpoint onenote defender intune copilot loop planner forms publisher
        server account accounts authentication word365 office365 365 bing visual entra lens todo lists bookings
        whiteboard dos build translator family rewards xbox surface power fabric purview viva stream sway clipchamp
        web robot universe world watson who martens pepper oetker beckmann clean coffee""",
    )
)


def _titled(match: re.Match[str]) -> str:
    """A name after Mr, Frau or Dr; Ms Teams is nobody."""
    is_somebody = match[3].split()[0].casefold() not in _NO_PEOPLE
    return f"{match[1]}{match[2]}[name]" if is_somebody else match[0]


_WORDS: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    *links.RULES,
    (_COMMAND_LOGIN, r"\1[secret]"),
    (_PRIVATE_KEY, "[secret]"),
    (_BEARER, r"\1[secret]"),
    (_SECRET_AFTER_SIGN, _secret_after_sign),
    (_SECRET_AFTER_IS, _secret),
    (_SECRET_AFTER_SPACE, _secret),
    (_SECRET_BEFORE, _secret_before),
    (_KNOWN_TOKEN, "[secret]"),
    *emails.RULES,
    (_GUID, "[secret]"),
    (_HOME, r"\1[name]"),
    (networks.MAC, networks.mac),
    (networks.IPV6, networks.ipv6),
    (_NAME, _name),
    (_NAME_FIELD, _name_field),
    (_NAME_FIELD_UNSPACED, r"\1[name]"),
    (_NAME_UNSPACED, _name_unspaced),
    (_SPEAKING, r"\1[name]"),
    (_TITLED, _titled),
    (_SIGNED, r"\1\2[name]"),
    (_SIGNED_SHORTLY, r"\1[name]"),
)
