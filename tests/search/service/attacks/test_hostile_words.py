"""Search words that were made to be slow, to be read as something else, or to leave where they belong."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

# Seconds of this thread, not of the clock: on a busy machine the same work takes as much of them.
MOST_SECONDS = 1.0
LONG = 500
WORDS = {
    "one letter": "a" * LONG,
    "nested quantifiers": "(a+)+$" * 80,
    "quotes": '"' * LONG,
    "words in quotes": '"a" ' * 120,
    "spaces": " " * LONG,
    "spaces that are none": "\u00a0\u2003\u200b" * 160,
    "codes": "ERR-0x80070005-" * 33,
    "numbers": "1" * LONG,
    "numbers with points": "1." * 250,
    "addresses": "a@" * 250,
    "one address": f"{'a' * 240}@{'b.' * 120}c",
    "brackets": "[" * 250 + "]" * 250,
    "hyphens": "-" * LONG,
    "combining marks": "e" + "\u0301" * 499,
    "signs that become eighteen": "\ufdfa" * LONG,
    "ligatures": "\ufb03" * LONG,
    "wide letters": "\uff41" * LONG,
    "Han": "\u6f22" * LONG,
    "Thai": "\u0e01" * LONG,
    "right to left": "\u202e\u202d\u2066" * 160,
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 100,
    "many languages": "pa\u00dfwort \u043f\u0430\u0440\u043e\u043b\u044c \u5bc6\u7801 \u0939\u093f\u0928\u094d " * 20,
    "misspelled words": " ".join(f"pasword{number}" for number in range(60)),
    "German compounds": "donaudampfschifffahrtsgesellschaft" * 14,
    "SQL": "' OR 1=1; DROP TABLE intents; --" * 15,
    "words of FTS": 'NEAR(a b, 9) AND "x" OR * ^ - NOT title:' * 12,
    "control characters": "".join(map(chr, range(32))) * 15,
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_no_words_keep_a_thread_busy(client, words):
    for path in ("/api/search?q=", "/find/?q=", "/contact/?q=", "/tell/?q="):
        began = time.thread_time()
        answer = client.get(path + quote(words))
        assert time.thread_time() - began < MOST_SECONDS, path
        assert answer.status_code in (200, 404), path  # `tell/` is not there without mail


@pytest.mark.parametrize(
    "words",
    [
        "__proto__",
        "constructor",
        "prototype",
        "__proto__[evil]",
        "toString",
        "hasOwnProperty",
        '{"__proto__":{"evil":1}}',
    ],
)
def test_names_that_scripts_are_built_on_are_words_like_others(client, words):
    for more in ({"q": words}, {words: "1"}, {"tab": words}, {"lang": words}, {"product": words}):
        answer = client.get("/api/search", query_string={"q": "refund", **more})
        assert answer.status_code in (200, 400)
        found = json.loads(answer.text, object_pairs_hook=lambda pairs: [name for name, _ in pairs])
        assert not {"__proto__", "constructor", "prototype"} & set(map(str, found))


# One letter written in ways that only a careless reader takes for it.
TWICE_ENCODED = (
    "%252e%252e%252fsecret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "%e0%80%ae%e0%80%ae/secret.txt",
    "%u002e%u002e/secret.txt",
    "\uff0e\uff0e/secret.txt",
    "\u2025/secret.txt",
    "....//secret.txt",
    ".%00./secret.txt",
    "..;/secret.txt",
    "account/..;/..;/secret.txt",
    "%2e%2e%5csecret.txt",
    "handrail/site.json%20",
    "handrail/site.json.",
    "handrail/site.json/",
    "handrail%2fsite.json",
    "handrail/%73ite.json",
    "handrail%5csite.json",
    "HANDRAIL/SITE.JSON",
    "handrail/site.json%00.html",
    "handrail/site.json;.html",
    "handrail/csp.json",
    "account/../handrail/site.json",
    "assets/%2e%2e/handrail/site.json",
)


@pytest.mark.parametrize("path", TWICE_ENCODED)
def test_a_path_is_decoded_once_and_leads_to_nothing_that_is_not_for_customers(client, path):
    answer = client.get("/" + quote(path, safe="/%;\\"), follow_redirects=True)
    assert answer.status_code in (404, 400)
    assert "the secret" not in answer.text and "site_name" not in answer.text and '"script":' not in answer.text
