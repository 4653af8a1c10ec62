"""nginx, Caddy and Apache with the files of deploy/, which are what the documentation gives, before a real service."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
import trustme

from waiting import until

from ..nodes.machines import Node
from ..test_serving import free_port
from .test_nginx import CONFIG, NGINX

DEPLOY = Path(__file__).parents[4] / "deploy"
HOST = "help.example.com"
PROGRAMS = {
    "nginx": (NGINX, "apt-get install nginx-light"),
    "caddy": (shutil.which("caddy") or "/usr/bin/caddy", "apt-get install caddy"),
    "apache": (shutil.which("apache2") or "/usr/sbin/apache2", "apt-get install apache2"),
}
APACHE = """ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Mutex file:{folder}
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{port}
User www-data
Group www-data
ServerName localhost
"""
APACHE_MODULES = (
    *("mpm_event", "authz_core", "authz_host", "alias", "headers", "ssl", "socache_shmcb"),
    *("proxy", "proxy_http", "buffer", "reqtimeout"),
)


class Proxy:
    """A web server with the documented lines: its ports, and how to ask it as a browser would."""

    def __init__(self, name, node, folder):
        self.name, self.node, self.folder = name, node, folder
        self.plain, self.port = free_port(), free_port()
        authority = trustme.CA()
        certificate = authority.issue_cert(HOST)
        certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        with (folder / "said.log").open("wb") as said:
            self.process = subprocess.Popen(
                getattr(self, f"_{name}")(),
                stdout=said,
                stderr=said,
                env={**os.environ, **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))},
            )

    def _nginx(self):
        lines = (DEPLOY / "nginx" / "site.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{self.plain};")
        keys = f"ssl_certificate {self.folder}/certificate.pem; ssl_certificate_key {self.folder}/key.pem;"
        lines = lines.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl; {keys}")
        config = CONFIG.format(folder=self.folder, server=self._before_node(lines))
        return [*self._written("nginx.conf", config, "-c"), "-p", str(self.folder), "-g", "daemon off; user root;"]

    def _caddy(self):
        lines = (DEPLOY / "caddy" / "Caddyfile").read_text()
        lines = lines.replace("{\n", f"{{\n    admin off\n    http_port {self.plain}\n    https_port {self.port}\n", 1)
        keys = f"    tls {self.folder}/certificate.pem {self.folder}/key.pem\n"
        lines = lines.replace(f"\n{HOST} {{\n", f"\n{HOST} {{\n{keys}", 1)
        version = subprocess.run([PROGRAMS["caddy"][0], "version"], capture_output=True, text=True, check=True).stdout
        if version.lstrip("v").startswith("2.6."):  # as Debian has it; the line got its name and its size in 2.7
            lines = lines.replace("request_buffers 4MB", "buffer_requests")
        program, *written = self._written("Caddyfile", self._before_node(lines), "--config")
        return [program, "run", "--adapter", "caddyfile", *written]

    def _apache(self):
        modules = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in APACHE_MODULES
        )
        lines = (DEPLOY / "apache" / "site.conf").read_text()
        lines = lines.replace("*:80>", f"127.0.0.1:{self.plain}>").replace("*:443>", f"127.0.0.1:{self.port}>")
        lines = lines.replace("/etc/ssl/help.example.com.pem", f"{self.folder}/certificate.pem")
        lines = lines.replace("/etc/ssl/private/help.example.com.key", f"{self.folder}/key.pem")
        general = APACHE.format(folder=self.folder, plain=self.plain, port=self.port)
        config = modules + general + self._before_node(lines)
        return [*self._written("apache.conf", config, "-f"), "-DFOREGROUND"]

    def _before_node(self, lines):
        assert "127.0.0.1:8000" in lines
        return lines.replace("127.0.0.1:8000", f"127.0.0.1:{self.node.port}")

    def _written(self, file, lines, flag):
        (self.folder / file).write_text(lines)
        return [PROGRAMS[self.name][0], flag, str(self.folder / file)]

    def socket(self, *, tls=True):
        connection = socket.create_connection(("127.0.0.1", self.port if tls else self.plain), timeout=20)
        return self.trust.wrap_socket(connection, server_hostname=HOST) if tls else connection

    def ask(self, path, *, method="GET", body=None, tls=True, host=HOST, **headers):
        """Status, headers and text of an answer."""
        with closing(http.client.HTTPConnection(HOST, timeout=20)) as connection:
            connection.sock = self.socket(tls=tls)
            sent = {"Host": host, **{name.replace("__", "-"): value for name, value in headers.items()}}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=15) == 0


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def proxy(request, acme, tmp_path_factory):
    program, mend = PROGRAMS[request.param]
    if not Path(program).exists():
        pytest.skip(f"{request.param} is not installed: {mend}")
    root = tmp_path_factory.mktemp(f"{request.param}-site")
    shutil.copytree(acme, root, symlinks=True, dirs_exist_ok=True)
    node = Node(root, HANDRAIL_TRUSTED_PROXIES="1", HANDRAIL_TRUSTED_HOSTS=HOST, HANDRAIL_CODE_RATE="2 per hour")
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    until(node.ready, "the service")
    started = Proxy(request.param, node, folder)
    try:
        until(partial(_answers, started), request.param)
        yield started
    finally:
        started.stop()
        node.stop()


def _answers(proxy):
    assert proxy.process.poll() is None, (proxy.folder / "said.log").read_text()
    return proxy.ask("/healthz")[0] == 200


def test_the_help_is_served_with_hsts_and_asks_for_https(proxy):
    status, headers, page = proxy.ask("/")
    assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000")
    assert "Ask in your own words" in page
    status, headers, _ = proxy.ask("/find/?q=refund", tls=False)
    assert status in (301, 308)
    assert headers["location"].startswith(f"https://{HOST}")
    assert headers["location"].endswith("/find/?q=refund")


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


def test_those_who_send_slowly_block_nobody(proxy):
    slow = []
    try:
        for _ in range(40):
            one = proxy.socket()
            one.sendall(
                f"POST /api/contact HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
                'Content-Length: 400\r\n\r\n{"message": "'.encode()
            )
            slow.append(one)
        for one in slow:
            one.sendall(b"a")
        began = time.monotonic()
        for path in ("/", "/api/search?q=refund", "/contact/"):
            assert proxy.ask(path)[0] == 200
        assert time.monotonic() - began < 10
    finally:
        for one in slow:
            one.close()
