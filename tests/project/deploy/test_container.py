"""The image: what its build may see, its check of health, and, where a base image can be had, the container itself.

The slow tests build the image with podman or docker, or take the one that CONTAINER_IMAGE names; CONTAINER_FLAGS are
more flags for the build, such as `--network host`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from handrail_kb.cli.new import make_site
from waiting import served, until

ROOT = Path(__file__).parents[3]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
HEALTHCHECK = ROOT / "deploy" / "container" / "healthcheck.py"
ENGINE = shutil.which("podman") or shutil.which("docker")
UID = "10001"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stages():
    """The lines of each stage by its name."""
    found = {}
    for line in CONTAINERFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if match := re.match(r"FROM (\S+) AS (\w+)", line):
            found[match[2]] = [match[1]]
        elif found and line and not line.startswith("#"):
            list(found.values())[-1].append(line)
    return found


def test_nothing_of_the_stage_with_torch_is_served_but_pages_and_their_index():
    found = stages()
    assert [name for name, lines in found.items() if any("torch" in line for line in lines)] == ["pages"]
    assert found["site"] == ["service", "COPY --from=pages /srv/help /srv/help"]
    assert not any("--from=pages" in line for name, lines in found.items() if name != "site" for line in lines)


def test_the_service_runs_as_a_user_without_rights_that_has_the_same_number_everywhere():
    lines = stages()["service"]
    assert f"USER {UID}:{UID}" in lines
    assert not any(line.startswith("USER") for line in stages()["site"])
    assert any(f"--uid {UID}" in line for line in lines)


def test_the_build_sees_what_it_copies_and_nothing_that_git_does_not_keep():
    allowed = (ROOT / "deploy" / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in allowed if not line.startswith("#")) == "*"
    seen = {line.removeprefix("!") for line in allowed if line.startswith("!")}
    copied = {
        name
        for lines in stages().values()
        for line in lines
        if line.startswith("COPY") and "--from" not in line
        for name in line.split()[1:-1]
        if not name.startswith("--")
    }
    assert {name.removesuffix("/healthcheck.py") for name in copied} == seen
    assert all((ROOT / name).exists() for name in copied)


def asked(port, folder, **settings):
    env = {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}
    given = {"HANDRAIL_HOST": "0.0.0.0", "HANDRAIL_PORT": str(port), "http_proxy": "http://127.0.0.1:9"} | settings
    command = [sys.executable, str(HEALTHCHECK)]
    return subprocess.run(command, cwd=folder, env=env | given, capture_output=True, text=True, check=False)


def test_health_is_that_of_the_service_in_the_container_wherever_its_site_is(tmp_path):
    status = [200]

    def alive(environ, start):
        return Response(status=status[0] if environ["PATH_INFO"] == "/healthz" else 404)(environ, start)

    with served(make_server("127.0.0.1", 0, alive, threaded=True)) as server:
        done = asked(server.server_port, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        status[0] = 500
        assert "healthz answers 500" in asked(server.server_port, tmp_path).stderr
        (tmp_path / "mkdocs.yml").write_text(f"plugins:\n  - handrail:\n      port: {server.server_port}\n")
        status[0] = 200
        assert asked("", tmp_path, HANDRAIL_PORT=str(server.server_port)).returncode == 0
    done = asked(server.server_port, tmp_path)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def engine(*arguments, code=0):
    done = subprocess.run([ENGINE, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image of a small site."""
    if not ENGINE:
        pytest.skip("neither podman nor docker is installed")
    if given := os.environ.get("CONTAINER_IMAGE"):
        return given
    base = re.search(r"^ARG BASE=(\S+)", CONTAINERFILE.read_text(encoding="utf-8"), re.M)[1]
    flags = shlex.split(os.environ.get("CONTAINER_FLAGS", ""))
    has = subprocess.run([ENGINE, "image", "inspect", base], capture_output=True, check=False).returncode == 0
    if not has and subprocess.run([ENGINE, "pull", base], capture_output=True, check=False).returncode:
        pytest.skip(f"{base} cannot be had here")
    site = tmp_path_factory.mktemp("image") / "help"
    make_site(site)
    podman = ["--format", "docker"] * ("podman" in ENGINE)
    command = ["build", *podman, *flags, "-f", CONTAINERFILE, "--build-context", f"help={site}", "-t", "handrail-test"]
    engine(*command, ROOT)
    return "handrail-test"


class Container:
    """A running container, as locked up as the documentation says."""

    def __init__(self, image, volume):
        self.port = free_port()
        locked = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        self.name = engine(
            "run", "-d", *locked, "-v", f"{volume}:/var/lib/handrail", "-p", f"127.0.0.1:{self.port}:8000",
            "--env", "HANDRAIL_SMTP_HOST=", image,
        ).strip().splitlines()[-1]  # fmt: skip

    def ready(self):
        until(lambda: self.get("readyz"), "the container is ready", seconds=120, every=0.2)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            return answer.read().decode()

    def write(self, message):
        sent = json.dumps({"message": message}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/contact", sent, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["code"]

    def run(self, *command, code=0):
        return engine("exec", self.name, *command, code=code)


@pytest.fixture
def start(image):
    """Starts containers of the image over one volume; all of it is gone afterwards."""
    volume, started = f"handrail-test-{os.getpid()}", []

    def start():
        started.append(Container(image, volume))
        return started[-1]

    yield start
    for container in started:
        engine("rm", "-f", "-v", container.name)
    engine("volume", "rm", "-f", volume)


@pytest.mark.slow
def test_a_container_that_may_write_nowhere_else_answers_and_keeps_messages_in_its_volume(start):
    container = start()
    container.ready()
    assert "Reset" in json.loads(container.get("api/search?q=reset+my+password"))["results"][0]["title"]
    code = container.write("My parcel is late")
    assert container.run("id", "-u").strip() == UID
    container.run("sh", "-c", "touch /srv/help/mine /opt/handrail/mine", code=1)
    container.run("handrail-healthcheck")
    began = time.monotonic()
    engine("stop", "--time", 40, container.name)
    assert time.monotonic() - began < 20
    ended = json.loads(engine("inspect", container.name))[0]["State"]
    assert (ended["ExitCode"], ended["OOMKilled"]) == (0, False), "ended by itself at SIGTERM, not killed"
    assert "parcel" not in engine("logs", container.name)
    other = start()
    other.ready()
    assert "My parcel is late" in other.run("handrail", "contact", "show", code)


@pytest.mark.slow
def test_torch_is_not_in_the_image_and_no_compiler_is(image):
    look = "import importlib.util as u; print([n for n in ('torch', 'transformers', 'material') if u.find_spec(n)])"
    run = ["run", "--rm", "--network", "none", "--entrypoint"]
    assert engine(*run, "python", image, "-c", look).strip() == "[]"
    assert engine(*run, "sh", image, "-c", "command -v gcc cc git curl || echo none").strip() == "none"
    assert int(json.loads(engine("image", "inspect", image))[0]["Size"]) < 750_000_000


def test_the_image_has_what_every_setting_of_the_service_may_ask_for():
    """A setting must not stop a container for want of packages that nobody can add to it."""
    file = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    extras = set(re.search(r"^ARG EXTRAS=(\S+)$", file, re.M)[1].split(","))
    assert {"service", "postgres", "valkey", "openid"} <= extras
