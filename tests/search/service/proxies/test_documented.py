"""What nginx, Caddy and Apache do as documented: who is let in, what is believed, and how TLS is spoken."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
from contextlib import closing, suppress
from urllib.parse import urlencode

import pytest

from .conftest import DEPLOY, HOST


def test_the_help_is_served_with_hsts_and_asks_for_https(proxy):
    status, headers, page = proxy.ask("/")
    assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000; includeSubDomains")
    assert "Ask in your own words" in page
    status, headers, _ = proxy.ask("/find/?q=refund", tls=False)
    assert status in (301, 308)
    assert headers["location"].startswith(f"https://{HOST}")
    assert headers["location"].endswith("/find/?q=refund")


def test_pages_are_led_to_https_and_programs_are_refused(proxy):
    for path in ("/", "/find/?q=refund", "/contact/", "/billing/refund/", "/apikeys/"):
        status, headers, _ = proxy.ask(path, tls=False)
        assert status in (301, 308) and headers["location"] == f"https://{HOST}{path}"
    for path in ("/api/search?q=refund", "/api/contact", "/%61pi/search?q=refund", "/metrics", "/healthz", "/readyz"):
        status, headers, _ = proxy.ask(path, tls=False)
        assert status == 403 and "location" not in headers, path
    assert proxy.ask("/api/contact", method="POST", body='{"message": "x"}', tls=False)[0] == 403


def test_no_redirect_leads_to_a_name_that_a_client_made_up(proxy):
    for tls in (True, False):
        for path in ("/", "/billing/refund", "//evil.example/", "/find/?q=refund"):
            _, headers, _ = proxy.ask(path, tls=tls, host="evil.example")
            assert "evil.example" not in headers.get("location", "").partition("?")[0].split("/")[2:3], path


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/desk/", "/desk/login", "/%64esk/", "/./desk/"])
def test_the_desk_and_the_metrics_are_closed_to_strangers(proxy, path):
    assert proxy.ask(path)[0] in (403, 400, 404)
    # The service behind would answer it.
    assert "handrail_build_info" not in proxy.ask("//metrics")[2]


def test_what_clients_say_about_a_proxy_is_not_believed(proxy):
    lies = {
        "SCRIPT_NAME": "/evil",
        "PATH_INFO": "/desk/login",
        "X__Forwarded__Host": "evil.example",
        "X__Forwarded__Prefix": "/evil",
        "X__Forwarded__Server": "evil.example",
        "X__Forwarded__Port": "666",
        "X__Original__URL": "/metrics",
        "X__Rewrite__URL": "/metrics",
        "Forwarded": "host=evil.example;proto=http",
    }
    status, headers, text = proxy.ask("/api/search?q=refund", **lies)
    assert status == 200
    assert json.loads(text)["results"][0]["url"].startswith("/billing/refund/")
    assert "evil" not in text + str(headers)
    status, headers, _ = proxy.ask("/billing/refund", **lies)
    assert (status, headers["location"]) == (301, "/billing/refund/")


def test_nobody_gets_more_tries_by_naming_other_addresses(proxy):
    form = {"Content__Type": "application/x-www-form-urlencoded"}
    tried = [
        proxy.ask(
            "/contact/code/", method="POST", body=urlencode({"code": "AAA-AAA-AAA", "do": "look"}),
            X__Forwarded__For=f"198.51.100.{n}:{4000 + n}", **form,
        )[0]
        for n in range(4)
    ]  # fmt: skip
    assert tried == [404, 404, 429, 429]


def test_a_message_with_a_file_arrives_and_a_huge_body_is_refused(proxy):
    boundary = "limit"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="message"\r\n\r\nSee it\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="reply_to"\r\n\r\nanna@acme.test\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    ).encode()
    body = head + b"\x89PNG\r\n\x1a\n" + b"x" * 5_000_000 + f"\r\n--{boundary}--\r\n".encode()
    form = {"Content__Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json"}
    assert proxy.ask("/api/contact", method="POST", body=body, **form)[0] == 201
    huge = head + bytes(30_000_000)
    with closing(http.client.HTTPConnection(HOST, timeout=20)) as connection:
        connection.sock = proxy.socket()
        connection.putrequest("POST", "/api/contact", skip_host=True)
        connection.putheader("Host", HOST)
        connection.putheader("Content-Type", form["Content__Type"])
        connection.putheader("Content-Length", str(len(huge)))
        connection.endheaders()
        with suppress(OSError):  # it may be refused before all is sent
            connection.sock.sendall(huge)
        # nginx refuses it by its length; the others stop when it has become too long, and say it less clearly.
        assert connection.getresponse().status in ((413,) if proxy.name == "nginx" else (413, 422, 502))
    assert proxy.ask("/healthz")[0] == 200


BEGUN = {
    "a body": f"POST /api/contact HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    'Content-Length: 400\r\n\r\n{"message": "',
    "a header": f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ",
    "the first line": "GET /",
    "nothing": "",
}


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_those_who_send_slowly_block_nobody(proxy, begun):
    slow = []
    try:
        for _ in range(40):
            one = proxy.socket()
            one.sendall(begun.encode())
            slow.append(one)
        for one in slow if begun else ():
            one.sendall(b"a")
        began = time.monotonic()
        for path in ("/", "/api/search?q=refund", "/contact/"):
            assert proxy.ask(path)[0] == 200
        assert time.monotonic() - began < 10
    finally:
        for one in slow:
            one.close()


# --- TLS -------------------------------------------------------------------------------------------------------------


def offer(proxy, ciphers="", version=None):
    """The version and the cipher that a client with these gets; raises SSLError or OSError where it gets none."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    trust.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    if version:
        trust.minimum_version = trust.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
    with closing(plain), trust.wrap_socket(plain, server_hostname=HOST) as connection:
        return connection.version(), connection.cipher()[0]


def test_the_newest_version_of_tls_is_taken_and_none_before_1_2(proxy):
    assert offer(proxy)[0] == "TLSv1.3"
    assert offer(proxy, version=ssl.TLSVersion.TLSv1_2)[0] == "TLSv1.2"
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.warns(DeprecationWarning), pytest.raises(OSError):
            offer(proxy, version=old)


@pytest.mark.parametrize(
    "weak", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "NULL", "AES256"]
)
def test_no_weak_cipher_is_taken(proxy, weak):
    without = weak if weak != "AES256" else "AES256:!AESGCM"
    with pytest.raises(OSError):
        offer(proxy, without, ssl.TLSVersion.TLSv1_2)


def test_the_web_server_connects_to_the_service_and_to_nothing_else(proxy):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(1)
        there = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        for line in (f"GET http://{there}/ HTTP/1.1", f"CONNECT {there} HTTP/1.1", f"GET /http://{there}/ HTTP/1.1"):
            for host in (HOST, there):
                with closing(proxy.socket()) as connection, suppress(OSError):
                    connection.sendall(f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                    connection.settimeout(10)
                    assert b"HTTP/1.1 200 Connection" not in connection.recv(65536)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_no_documented_line_leads_to_another_machine():
    targets = {
        found
        for file in (DEPLOY / "nginx", DEPLOY / "caddy", DEPLOY / "apache")
        for page in file.iterdir()
        for found in re.findall(
            r"^\s*(?:proxy_pass|reverse_proxy|ProxyPass /\S*|server)\s+([^\s;{]+)", page.read_text(), re.M
        )
    }
    assert targets == {
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8000/",
        "127.0.0.1:8000",
        "http://help",
        "node1:8000",
        "node2:8000",
    }
    text = "".join(page.read_text() for name in ("nginx", "caddy", "apache") for page in (DEPLOY / name).iterdir())
    assert not re.search(
        r"resolver|ProxyRequests|fastcgi_pass|uwsgi_pass|proxy_pass [^;]*\$|forward_proxy|file_server", text
    )
