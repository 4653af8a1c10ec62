"""The language of answers."""

import pytest

from handrail_kb.language.spoken_language import SPOKEN, spoken_language

SAID = {
    "ca": "Bon dia, gràcies per escriure. Hem canviat la vostra contrasenya i ja pot entrar amb el seu correu. "
    "Si no funciona, és millor que ens truqui.",
    "de": "Guten Tag, vielen Dank für Ihre Nachricht. Wir haben das Passwort zurückgesetzt; bitte melden Sie sich mit "
    "der neuen Adresse an.",
    "en": "Hello, thank you for your message. We have reset the password; please sign in with the new address.",
    "es": "Hola, gracias por su mensaje. Hemos restablecido la contraseña; puede entrar con su nueva dirección "
    "cuando quiera. Si no funciona, llámenos por teléfono.",
    "fr": "Bonjour, merci pour votre message. Nous avons réinitialisé le mot de passe ; vous pouvez vous connecter "
    "avec votre nouvelle adresse.",
    "it": "Buongiorno, grazie per il suo messaggio. Abbiamo reimpostato la password; può accedere con il nuovo "
    "indirizzo. Se non funziona, ci chiami.",
    "nl": "Goedendag, dank u voor uw bericht. Wij hebben het wachtwoord opnieuw ingesteld; u kunt met het nieuwe adres "
    "inloggen.",
    "pt": "Olá, obrigado pela sua mensagem. A senha foi redefinida; você pode entrar com o seu novo endereço quando "
    "quiser. Se não der certo, ligue para nós.",
}
# Few words tell it from Danish, so that of a short text neither is told.
NORWEGIAN = "Hei, takk for meldingen. Jeg har endret passordet, og du kan logge inn med det nå hvis du ikke er det."


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_language_of_an_answer_of_some_sentences_is_known(lang):
    assert spoken_language(SAID[lang]) == lang


@pytest.mark.parametrize("lang", SPOKEN)
def test_names_and_addresses_of_another_language_do_not_change_it(lang):
    said = f"{SAID[lang]}\n\nhttps://help.acme.test/the/way/to/your/account/\nAna de la Cruz, Acme GmbH"
    assert spoken_language(said) == lang


@pytest.mark.parametrize(
    "said",
    ["", "OK.", "Router X200", "12345", "Спасибо за ваше письмо.", NORWEGIAN, SAID["de"] + SAID["fr"] + SAID["en"]],
)
def test_a_language_that_is_not_sure_is_not_told(said):
    assert spoken_language(said) == ""
