"""The inventory of cryptography is that of the code, and each secret of the service has its life written down."""

from __future__ import annotations

import ast
import re

import pytest

from handrail_kb.config.table import SECRETS
from project.rooms import ROOT, files
from project.standards.algorithms import KEYS, USES

# What of the code is a use of which kind: names that begin so, or are imported.
NAMES = {
    "hashlib.sha256": "SHA-256",
    "hashlib.file_digest": "SHA-256",
    "hashlib.blake2b": "BLAKE2b",
    "hmac.digest": "HMAC-SHA256",
    "hmac.new": "HMAC-SHA256",
    "secrets.": "random",
    "PasswordHasher": "Argon2id",
    "SecureCookieSessionInterface": "signed cookie",
    "pyotp.TOTP": "TOTP",
    "FlaskOAuth2App": "ID token",
    "ssl.create_default_context": "TLS",
    "psycopg.connect": "TLS",
    "storage_from_string": "TLS",
}
CONNECTS = {"smtplib", "http.client", "urllib.request", "httpx", "requests", "redis", "valkey"}
# Names of modules that do cryptography, of which everything has to be known.
KNOWN = {
    "hashlib",
    "hmac",
    "secrets",
    "ssl",
    "pyotp",
    "itsdangerous",
    "argon2",
    "cryptography",
    "jwt",
    "joserfc",
    "nacl",
}
HARMLESS = re.compile(r"hmac\.compare_digest|ssl\.SSL\w*(?:Error|Context)$|secrets$|hashlib$|hmac$|ssl$|pyotp$")


def short(file):
    """`kb/policy/needs.py` of `kb/handrail_kb/policy/needs.py`."""
    return re.sub(r"handrail_\w+/", "", file.relative_to(ROOT).as_posix(), count=1)


def used(tree):
    """The kinds of use in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = ast.unparse(node)
            yield from (
                kind for start, kind in NAMES.items() if name == start or (start[-1] == "." and name.startswith(start))
            )
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            if any(module in CONNECTS or module.partition(".")[0] in CONNECTS for module in modules):
                yield "TLS"


def unknown(tree):
    """Names of such modules that are in no table above."""
    for node in ast.walk(tree):
        name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        is_one = re.fullmatch(r"\w+\.\w+", name) and name.partition(".")[0] in KNOWN
        if is_one and not HARMLESS.fullmatch(name) and not any(name.startswith(start) for start in NAMES):
            yield name


def test_the_inventory_has_every_use_in_the_code_and_no_other():
    found = {(short(file), kind) for file in files(".py") for kind in used(ast.parse(file.read_text(encoding="utf-8")))}
    listed = {(place, one.kind) for one in USES for place in one.places}
    assert found == listed


def test_no_other_cryptography_is_in_the_code():
    found = {
        (short(file), name) for file in files(".py") for name in unknown(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert found == set()


def test_what_is_ours_has_128_bits_where_anything_rests_on_it():
    # What others sign or certify is as strong as they make it.
    theirs = ("ID token", "TLS")
    assert [one.algorithm for one in USES if one.kind not in theirs and 0 < one.bits < 128] == []


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_each_secret_of_the_service_has_its_life_written_down(secret):
    assert len([key for key in KEYS if f"`{secret}`" in key.name]) == 1


def test_each_key_says_how_it_is_made_held_used_and_ended():
    assert [key.name for key in KEYS if not all((key.made, key.holders, key.used_for, key.until, key.leaked))] == []
    # Nobody shares a secret with more than one other side.
    assert [key.name for key in KEYS if key.holders.count(" and ") > 1] == []


@pytest.mark.parametrize("code", ["hashlib.md5(b'')", "hashlib.sha1(b'')", "secrets.token_hex()", "hmac.new(b'')"])
def test_a_use_that_is_new_is_noticed(code):
    tree = ast.parse(code)
    assert set(used(tree)) | set(unknown(tree))
