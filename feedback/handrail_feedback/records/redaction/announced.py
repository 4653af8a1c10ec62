"""Numbers and dates behind the word that says whose they are: passport, customer number, number plate, birthday. Pure.

What a passport or a plate looks like differs from country to country; the word before it is what tells it from a part
number.
"""

from __future__ import annotations

import re

from handrail_feedback.records.redaction.harmless import counts
from handrail_feedback.records.redaction.rewriting import SPACED, Rewriting

_MONTHS = r"[^\W\d_]{3,12}"
_BORN = re.compile(
    rf"(?i)((?:(?<![{SPACED}])(?:born|birthday|birth\s?date|date\s+of\s+birth|d\.?o\.?b\.?|geboren|geb\."
    rf"|geburtsdatum|geburtstag|née?"
    r"|naissance|nacid[oa]|nacimiento|nat[oa](?=\s+il\s)|nascita|geboortedatum|urodz\w{1,6}|narozen\w?|nascid[oa]"
    r"|nascimento|født"
    r"|fødselsdato|född|födelsedatum|syntynyt|syntymäaika|doğum(?:\s+tarihi\w{0,2})?|рожд\w{1,6}|родил\w{1,4}"
    r"|γέννησης|γεννήθηκα"
    r"|الميلاد|생년월일|생일|출생)|生年月日|誕生日|出生(?:日期)?|生日|วันเกิด)"
    r"(?:\W{1,3}|[はが是为為은는이]\W{0,2}|(?<=[\u0e00-\u9fff]))"
    r"(?:(?:on|is|am|ist|le|el|il|en|est|es|è|op|den|du|the|was|был[а]?|είναι|هو)\s){0,2})"
    rf"(?:\d{{1,4}}[./ -]\s?\d{{1,2}}[./ -]\s?\d{{1,4}}|\d{{2,4}}\s?[年년]\s?\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er|º)?[ -](?:of |de )?{_MONTHS}\.?,?[ -](?:de )?\d{{2,4}}"
    rf"|{_MONTHS}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}})"
)

# Between the word and its number: "passport number is", "Ausweis-Nr.:", "NIF".
_LINK = (
    r"(?:[\s-]{0,2}(?:numbers?|num(?:mer)?|no|nr|id|ref(?:erence)?)\b\.?)?\s{0,2}"
    r"(?:[:#=]|is\s|ist\s|est\s|es\s|è\s)?\s{0,2}[#№]?"
)
# One run, or several with single signs between; the whole or nothing, so that hostile text is read once.
_VALUE = (
    r"(?P<value>(?:(?-i:[A-Z]{1,3})[ -])?+(?>[a-z]{0,5}\d[a-z\d]{0,24})(?>[ ./-]?[a-z]{0,2}\d[a-z\d]{0,20}){0,6}"
    r"(?:[ ]?(?-i:[A-Z])(?![^\W_]))?)"
)
_PAPER = re.compile(
    rf"(?i)((?<![{SPACED}])(?:passport|reisepass|pass(?=-?(?:nummer|nr))|passeport|pasaporte|passaporto|paspoort"
    rf"|pas(?:z|s)port\w?"
    r"|паспорт\w{0,2}|διαβατήριο|identity\s+card|id[ -]card|(?:personal)?ausweis|carte\s+d['\u2019]identité"
    r"|carta\s+d['\u2019]identità"
    r"|documento\s+de\s+identidad|driv(?:er['\u2019]?s|ing)\s+licen[cs]e|führerschein|permis\s+de\s+conduire"
    r"|rijbewijs|patente\s+di\s+guida"
    r"|national\s+insurance|nino|social\s+security|ssn|nhs|medicare|tax\s+(?:id|file)|tin|steuer(?:-?id)?"
    r"|sozialversicherung|vat"
    r"|ust-?id(?:-?nr\.?)?|tva|p\.?\s?iva|partita\s+iva|codice\s+fiscale|nif|cif|bsn|pesel|imei|vin|fahrgestell|chassis"
    rf"|여권(?:\s?번호)?|주민(?:등록)?번호)s?(?:nummer|nr\.?)?|护照号?码?|護照號?碼?|パスポート(?:番号)?は?|身份证号?码?|身分證字?號?码?"
    rf"|マイナンバーは?){_LINK}{_VALUE}"
)
_ACCOUNT = re.compile(
    rf"(?i)((?<![{SPACED}])(?:(?:customer|client|member(?:ship)?|(?:bank\s)?account|policy|booking|reservation|order"
    rf"|contract|patient|student"
    r"|employee|tracking)\s?(?:number|no\.?|id|nr\.?|#)|(?:kunden|konto|vertrags|bestell|auftrags|mitglieds|buchungs"
    r"|versicherungs|patienten"
    r"|personal|matrikel|sendungs)-?(?:nummer|nr\.?)|n(?:°|o|[uú]m[eé]ro)\s(?:de\s|di\s)?(?:client[e]?|compte"
    r"|commande|contrat|dossier|cuenta"
    r"|pedido|contrato|conto|ordine|suivi)|(?:klant|bestel|order|rekening|polis)nummer|sort\scode|blz|routing"
    r"|номер\s(?:заказа|счета|договора)"
    rf")|订单号码?|訂單號碼?|注文番号は?|お客様番号は?|会員番号は?){_LINK}{_VALUE}"
)
# Behind the word alone a number is one only if it is long: account 12345678, but not account 2.
_ACCOUNT_ALONE = re.compile(
    rf"(?i)((?<![{SPACED}])(?:account|acct|a/c|customer|client|member|konto|kunde|compte|cuenta|conto|cliente|rekening|klant"
    rf"|účet|zákazník|klient|счёт|счет|клиент)[:#]?\s{{1,2}}[#№]?)"
    rf"(?P<value>\d{{2,16}}(?:[ -]\d{{2,8}}){{0,4}})(?![\w-]|[.,]\d)"
)
_SERIAL = re.compile(
    rf"(?i)((?<![{SPACED}])(?:serial\s?(?:numbers?|no\.?|nr\.?|#|(?=:))|s/n|sn(?=[\s:#])|service\stag|serien-?(?:nummer|nr\.?)"
    r"|n(?:°|o|[uú]m[eé]ro)\s(?:de|di)\ss[eé]rie|serienummer|sériové\sčíslo|numer\sseryjny|серийный\sномер"
    rf")|序列号码?|シリアル番号は?|일련번호){_LINK}{_VALUE}"
)
_PLATE = re.compile(
    rf"(?i)((?<![{SPACED}])(?:(?:number|licen[cs]e|registration)\s?plate|kennzeichen"
    rf"|plaque(?:\sd['\u2019]immatriculation)?|immatriculation"
    r"|matrícula|targa|kenteken|rejestracj\w|nummerplade|госномер)|车牌号?码?|ナンバープレートは?)(?:\s{0,2}(?:number|is|ist|est"
    r"|:|=))?\s{0,2}"
    r"(?P<value>(?-i:[A-ZÄÖÜА-Я0-9]{1,8}(?:[ -][A-ZÄÖÜА-Я0-9]{1,5}){0,3})(?![^\W_]))"
)
_PHONE = re.compile(
    rf"(?i)((?<![{SPACED}])(?:tel(?:efon\w?|ephone|éfono)?|tlf|fon|(?:tele|cell)?phone|cell(?:ular[e]?)?|celular|móvil|telemóvel|portable|gsm|mobile?|mobil(?:telefon|ní)?"
    r"|(?:my|contact|meine|mein)\s(?:number|nummer)|mon\snuméro|mi\snúmero|(?:call|ring|text|reach)(?:\sme)?(?:\s(?:on|at|under))?|handy|whatsapp|телефон|тел"
    rf"|هاتف|טלפון"
    r"|τηλ(?:έφωνο)?|전화(?:번호)?)|電話(?:番号)?は?|电话(?:号码)?是?|手机号?是?|手機號?是?|เบอร์(?:โทร)?)(?:\s(?:number|no|nr|nummer|is"
    r"|ist))?[.:]?\s{0,2}"
    r"(?P<value>\+?\(?(?!(?:19|20)\d\d[-./])\d(?>[ ()./-]{0,2}\d){6,14})(?!\d)"
)
_OF_PAPER, _OF_ACCOUNT, _OF_SERIAL = 5, 6, 3


def take_out_announced(text: Rewriting) -> None:
    """Put placeholders in place of such numbers and dates."""
    text.sub(_BORN, r"\1[date]")
    text.sub(_PAPER, lambda match: _number(match, _OF_PAPER))
    text.sub(_ACCOUNT, lambda match: _number(match, _OF_ACCOUNT))
    text.sub(_ACCOUNT_ALONE, lambda match: _number(match, _OF_ACCOUNT))
    text.sub(_SERIAL, lambda match: _number(match, _OF_SERIAL))
    text.sub(_PLATE, _plate)
    text.sub(_PHONE, _phone)


def _number(match: re.Match[str], least: int) -> str:
    """Shorter numbers are years, sizes and lengths of time."""
    enough = sum(map(str.isdigit, match["value"])) >= least
    return _behind_word(match, "[number]") if enough else match[0]


def _phone(match: re.Match[str]) -> str:
    """Numbers that count, such as phone 14 15 16 17, are models."""
    return match[0] if counts(match["value"]) else _behind_word(match, "[phone]")


def _plate(match: re.Match[str]) -> str:
    """Letters and digits mixed; a year alone is none."""
    value = match["value"]
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return _behind_word(match, "[number]") if mixed else match[0]


def _behind_word(match: re.Match[str], placeholder: str) -> str:
    """The placeholder in place of the value, with which the match ends."""
    return f"{match[0][: match.start('value') - match.start()]}{placeholder}"
