"""Words that say nothing about what is asked: can, to, the, wie, ich, hello. Pure.

A question of such words alone has no answer, and in an excerpt they are not worth a mark while others are there. Other
words say that something is wrong, but not what: error, problem, not working. What is left of a question without both is
its subject.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from handrail_kb.language.normal_form import plain

_WORDS = {
    "en": """
        a about an and any are as at be been but by can could did do does for from get got had has have he
        hello help her here hey hi him his how i if in is it its just let like may me might my need no not of
        ok okay on or our please she should so some someone something thank thanks that the their them then
        there these they this those to us want was we were what when where which who whom whose why will with
        would yes you your am im
    """,
    "de": """
        aber alle als also am an auch auf aus bei bin bist bitte brauche da danke das dass dein deine dem den
        der des die dies diese dieser dieses doch du ein eine einem einen einer eines er es für haben habe
        hallo hat hi hier hilfe ich ihr im in ist ja jetzt kann kannst können könnte man mein meine meinem
        meinen meiner mich mir mit möchte muss nach nein nicht noch nun nur oder ohne sein sich sie sind so
        soll um und uns unser vom von vor wann war warum was welche welcher welches wem wen wenn wer werden
        wie will wir wird wo wohin wozu zu zum zur
    """,
    "fr": """
        à ai aide au aux avec avez bonjour c ça ce cela ces cet cette comment d dans de des dois du elle en es
        est et être eu fait faire faut il ils j je l la le les leur lui ma mais me merci mes moi mon n ne non
        nos notre nous on ou où oui par pas peut peux plus pour pourquoi puis qu quand que quel quelle quelles
        quels qui quoi s sa salut se ses si son sont suis sur ta te tes toi ton tu un une veux vos votre vous
        y
    """,
    "es": """
        a al algo ayuda como cómo con cual cuál cuando cuándo de del dónde donde e el él ella en es esa ese
        eso esta está este esto estoy favor gracias hacer hago hay hola la las le les lo los me mi mí mis muy
        nada ni no nos o para pero por porque puede puedo que qué quien quién quiero se ser si sí sin sobre
        son soy su sus te tengo ti tu tú un una unas unos usted y ya yo
    """,
    "it": """
        a ad ai al alla anche aiuto c che chi ci ciao come con cosa da dal dei del della di dove e è ed fare
        gli grazie ho i il in io la le lei lo lui ma mi mia mio ne nel noi non o per perché più posso può qual
        quale quando quello questa questo se sei si sono su sul tu un una uno voglio vorrei vi voi
    """,
    "nl": """
        aan als bij dan dank dat de deze die dit doe doen een en er ga graag haar hallo hebben heb heeft help
        het hij hoe hoi ik in is ja je jij kan kun kunnen maar me met mijn mij moet naar nee niet nog nu of om
        ons onze ook op te tot u uit uw van voor waar waarom wanneer was wat we wel welke wie wij wil worden
        wordt ze zijn zo
    """,
    "cs": """
        a aby ahoj ale ani ano asi až bez bude být by bych byl co copak dobrý den děkuji díky do ho i ja já jak jaká
        jaké jaký je jeho jejich jen ještě ji jí jsem jsi jsme jsou k kam kde kdo kdy když ke která které který mám mě
        mi mít mne mně moje můj mohu můžu může na nebo než ne není o od on ona po pod pomoc pomozte potřebuji pro proč
        prosím před s se si sice svůj ta tak také tam te ten to toho tom tu už v vám váš ve však všechno vy z za že
    """,
    "pl": """
        a aby ale ani bardzo bez być by było co cześć czy dla do dziękuję dzień dobry gdy gdzie go i ich ile ja jak jaka
        jaki jakie jego jej jest jestem jeszcze już kiedy kto która które który mam może mogę mój moja moje mi mnie
        muszę na nad nie nim o od on ona oraz po pod pomoc pomocy potrzebuję proszę przez przy są się skąd ta tak tam
        te tego ten to tu ty w we witam wy z za ze że żeby
    """,
    "pt": """
        a ajuda ao aos as até com como da das de do dos e é ela ele em então essa esse esta está este estou eu
        fazer há isso isto já lhe me mas meu minha na não nas no nos o obrigado obrigada oi olá onde os ou
        para pela pelo pode por porque posso preciso qual quando que quem quero se sem ser seu sim sua são
        também te tem tenho um uma você
    """,
    "sv": """
        att av de dem den det detta du då eller en ett får för han hej hjälp hon hur här i in inte ja jag kan
        kommer man med men mig min mitt nej nu när och om på som ska skulle så tack till två upp ut vad var
        varför vem vi vill vilken vilket är
    """,
    "da": """
        af at da de dem den der det dig din dit du eller en er et få for fra han har hej hjælp hun hvad hvem
        hvilken hvor hvordan hvorfor i ikke ja jeg kan man med men mig min mit må nej nu når og om op på skal
        som så tak til ud var vi vil være
    """,
}
_WORDS["nb"] = _WORDS["nn"] = _WORDS["no"] = (
    f"{_WORDS['da']} av ein eg ei fra ha hei hjelp hva hvorfor ikkje kva takk vera"
)
_TROUBLE = {
    "en": """
        bad break breaks broke broken bug bugs error errors everything fail failed failing fails failure failures fault
        go goes going gone happen happened happening happens info information issue issues lost missing nothing problem
        problems question questions something stop stopped stopping stops stuck support trouble troubles went work
        worked working works wrong
    """,
    "de": """
        alles ausfall defekt etwas fehler fehlern fehlgeschlagen fehlt fehlen frage fragen funktionieren funktioniert
        geht gehen ging hängt hilfe info information informationen kaputt klappt läuft nichts passiert problem probleme
        problemen schlecht störung support verloren verschwunden weg falsch
    """,
    "fr": """
        arrive bloqué bug cassé chose disparu échec échoue erreur erreurs faux fonctionne fonctionnent info information
        informations manquant manque marche marchent mauvais panne perdu problème problèmes quelque question questions
        rien souci soucis support tout
    """,
    "es": """
        bloqueado desapareció error errores falla fallo fallos falta faltan funciona funcionan incorrecto información
        mal ocurre pasa pregunta preguntas problema problemas perdido roto soporte todo va
    """,
    "it": """
        bloccato domanda domande errore errori funziona funzionano guasto informazione informazioni manca niente nulla
        perso problema problemi qualcosa rotto sbagliato succede supporto tutto va
    """,
    "nl": """
        alles defect fout fouten gaat gebeurt iets informatie kapot kwijt mis niets ontbreekt probleem problemen storing
        support vast verkeerd vraag vragen weg werken werkt
    """,
    "pt": """
        acontece algo errado erro erros falha falhas falta faltando funciona funcionam informação nada pergunta
        perguntas perdido problema problemas quebrado suporte travado tudo
    """,
    "sv": """
        allt borta fel fråga frågor fungerar funkar händer information ingenting något problem saknas support trasig
    """,
    "da": """
        alt fejl forkert fungerer information intet mangler noget ødelagt problem problemer sker spørgsmål support
        virker væk
    """,
}
_TROUBLE["nb"] = _TROUBLE["nn"] = _TROUBLE["no"] = (
    f"{_TROUBLE['da']} feil galt ingenting noe ødelagt skjer spørsmål borte"
)
# Said to any site, whatever its language.
_GREETING_PHRASES = """
    hello, hello there, hi, hi there, hey, good morning, good afternoon, good evening, good day, thanks,
    thank you, thank you very much, many thanks, bye, goodbye, guten tag, guten morgen, guten abend, hallo,
    moin, servus, grüß gott, grüezi, danke, vielen dank, danke schön, auf wiedersehen, tschüss, bonjour,
    bonsoir, salut, coucou, merci, merci beaucoup, au revoir, hola, buenos días, buenas tardes, buenas
    noches, buenas, gracias, muchas gracias, adiós, ciao, buongiorno, buonasera, salve, grazie, grazie
    mille, arrivederci, olá, oi, bom dia, boa tarde, boa noite, obrigado, obrigada, muito obrigado,
    goedemorgen, goedemiddag, goedendag, goedenavond, hoi, dank u, dank je, bedankt, hej, god dag, god
    morgon, tack, god morgen, takk, tak, hei, moi, hyvää päivää, kiitos, ahoj, dobrý den, děkuji, díky,
    cześć, dzień dobry, dziękuję, dzięki, szia, jó napot, köszönöm, salutare, bună, bună ziua, mulțumesc,
    merhaba, selam, teşekkürler, привет, здравствуйте, добрый день, спасибо, привіт, добрий день, дякую,
    γεια, γεια σας, καλημέρα, ευχαριστώ, שלום, תודה, مرحبا, السلام عليكم, اهلا, شكرا, سلام, नमस्ते, धन्यवाद,
    你好, 您好, 早上好, 谢谢, 謝謝, こんにちは, こんばんは, おはよう, おはようございます,
    ありがとう, ありがとうございます, 안녕, 안녕하세요, 감사합니다, สวัสดี, ขอบคุณ,
    xin chào, cảm ơn, halo, selamat pagi, terima kasih
"""
_GREETINGS = frozenset(" ".join(plain(phrase).split()) for phrase in _GREETING_PHRASES.split(","))
_TROUBLE_OF = {lang: frozenset(plain(words).split()) for lang, words in _TROUBLE.items()}
_OF = {lang: frozenset(plain(words).split()) for lang, words in _WORDS.items()}
# German makes such words by a rule: womit, daran, hierfür, woher.
_MADE = {
    "de": re.compile(
        "(?:da|hier|wo)r?(?:an|auf|aus|bei|durch|für|gegen|her|hin|hinter|in|mit|nach|neben|über|um|unter|von|vor|zu|zwischen)"
    )
}


def little_among(words: Sequence[str], languages: Iterable[str]) -> frozenset[str]:
    """The words of a question, in lower case, that say nothing in the site's language in which most of them do.

    A word of one language may say nothing in another: `die` in German.
    """
    found = (frozenset(words) & _OF.get(lang, frozenset()) for lang in sorted(languages))
    return max(found, key=len, default=frozenset())


def says_little(words: Sequence[str], languages: Collection[str]) -> bool:
    """Whether a question holds nothing but such words, or letters and digits set apart, which are none."""
    if len(words) > 1 and all(len(word) == 1 and word.isascii() for word in words):
        return True
    return frozenset(words) == little_among(words, languages)


def is_greeting(words: Sequence[str]) -> bool:
    """Whether a question, as words in lower case, is a greeting or thanks and nothing more, in whatever language."""
    return " ".join(words) in _GREETINGS or "".join(words) in _GREETINGS


def subjects(words: Sequence[str], languages: Iterable[str]) -> list[str]:
    """The words of a question, in lower case, that name what it is about; trouble without a subject has none."""
    languages = tuple(languages)
    said = little_among(words, languages).union(*(_TROUBLE_OF.get(lang, frozenset()) for lang in languages))
    return [word for word in words if word not in said]


def is_everyday(word: str, languages: Iterable[str]) -> bool:
    """Whether anybody may write a word, given in lower case, in one of these languages, whatever the site is about."""
    return any(
        word in _OF.get(lang, ())
        or word in _TROUBLE_OF.get(lang, ())
        or (lang in _MADE and _MADE[lang].fullmatch(word))
        for lang in languages
    )
