"""Names of people: behind words such as "my name is", in forms, below a letter, and in the paths of a machine. Pure."""

from __future__ import annotations

import re

from handrail_feedback.records.redaction.rewriting import Rules
from handrail_kb.language.normal_form import MARKS

HOME = re.compile(
    r"((?<![\w.-])(?:/var|/export|/usr)?/home/|(?<![\w.-])/Users/"
    r"|(?i:\b[a-z]:[\\/]{1,2}(?:Users|Documents and Settings)[\\/]{1,2})"
    r"|(?i:\\\\[\w.-]{1,63}\\(?:users|homes?|profiles?)\$?\\))"
    r"(?!\[name\]|[$%<{]|(?:Public|Shared|Default|user|username|pi|ubuntu|ec2-user|git|postgres)(?![^\s\\/]))"
    # A name of several words, as far as the next sign of Windows' paths, or one word.
    r"(?:[^\s\\/:\"'<>|?*]{1,64}(?:\s[^\s\\/:\"'<>|?*]{1,30}){1,3}(?=\\)|[^\s\\/:\"'<>|?*]{1,64})"
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


RULES: Rules = (
    (_NAME, _name),
    (_NAME_FIELD, _name_field),
    (_NAME_FIELD_UNSPACED, r"\1[name]"),
    (_NAME_UNSPACED, _name_unspaced),
    (_SPEAKING, r"\1[name]"),
    (_TITLED, _titled),
    (_SIGNED, r"\1\2[name]"),
    (_SIGNED_SHORTLY, r"\1[name]"),
)
