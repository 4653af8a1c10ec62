"""nginx, Caddy and Apache with the files of deploy/, which are what the documentation gives, before a real service."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path

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


@pytest.fixture(scope="package", params=sorted(PROGRAMS))
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
