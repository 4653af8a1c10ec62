"""The service behind a real nginx, with the files of deploy/nginx, which are what the documentation gives."""

import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from handrail_kb.policy.fit import write_csp
from waiting import served, until

FILES = Path(__file__).parents[4] / "deploy" / "nginx"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIG = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@pytest.fixture
def behind_nginx(make_app, own_acme, tmp_path):
    """Starts nginx as documented before a service for a site, and gives its address."""
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    running = ExitStack()

    def start():
        app = make_app(own_acme, trusted_proxies=1)
        server = running.enter_context(served(make_server("127.0.0.1", 0, app, threaded=True)))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        lines = (FILES / "site.conf").read_text().replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
        lines = lines[lines.index("listen 127") - len("server {") - 5 :]  # not the one that asks for https
        lines = lines.replace("127.0.0.1:8000", f"127.0.0.1:{server.server_port}")
        folder = tmp_path / "nginx"
        folder.mkdir()
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, server=lines))
        command = [NGINX, "-c", str(config), "-p", str(folder), "-g", "daemon off;"]
        nginx = running.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        running.callback(nginx.terminate)
        until(partial(_listens, port), "nginx")
        return f"http://127.0.0.1:{port}/"

    with running:
        yield start


def _listens(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            answer.read()  # to its end, or nginx drops the service while it is still sending
            return answer.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def test_nginx_as_documented_takes_every_page_of_a_site_with_seventy_redirects_and_a_crowd_of_scripts(
    behind_nginx, own_acme
):
    site = own_acme / "site"
    for n in range(70):
        folder = site / f"old{n}"
        folder.mkdir()
        (folder / "index.html").write_text(
            f'<!doctype html><script>go("../new{n}/")</script><meta http-equiv="refresh" content="0; url=../">'
        )
    crowd = "".join(f"<script>chart({n})</script><style>p{{top:{n}px}}</style>" for n in range(200))
    (site / "charts").mkdir()
    (site / "charts/index.html").write_text(f"<!doctype html><html><body>{crowd}</body></html>")
    hosts = tuple(f"https://host-{n}.example.com" for n in range(40))
    write_csp(site, allow={"img-src": hosts})
    address = behind_nginx()
    asked = ("", "charts/", "old3/", "find/?q=refund", "contact/", "api/search?q=refund", "assets/app.0123abcd.js")
    assert {path: status(address + path) for path in asked} == dict.fromkeys(asked, 200)
    assert status(f"{address}gone/") == 404


# What compose.yaml adds needs its certificates: tests/project/deploy.
@pytest.mark.parametrize("file", sorted(set(FILES.iterdir()) - {FILES / "compose.conf"}), ids=lambda file: file.name)
def test_nginx_understands_every_file_that_is_documented(file, tmp_path):
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    lines = re.sub(r"listen (80|443 ssl)", "listen 127.0.0.1:1", file.read_text()).replace("node1", "127.0.0.1")
    lines = lines.replace("node2", "127.0.0.2")
    server = lines if "server {" in lines else f"server {{ listen 127.0.0.1:1; {lines} }}"
    (tmp_path / "nginx.conf").write_text(CONFIG.format(folder=tmp_path, server=server))
    command = [NGINX, "-t", "-q", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
