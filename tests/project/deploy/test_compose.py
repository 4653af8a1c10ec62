"""compose.yaml: valid, with nginx alone reached from outside, secrets in files, and nginx as documented."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
import yaml

from handrail_kb.config.secrets import secret_variables
from handrail_kb.config.settings import load_settings, unknown_variables
from waiting import until

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
NODES = [SERVICES["node1"], SERVICES["node2"]]
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def test_compose_understands_the_file():
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    options = ["--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", *options], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_but_nginx_is_reached_from_outside_and_the_database_has_no_way_out():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [SERVICES[name]["networks"] for name in ("postgres", "backup", "valkey", "nginx")] == [
        ["inside"],
        ["inside"],
        ["inside"],
        ["outside"],
    ]


def test_every_service_is_looked_after_and_none_may_more_than_it_needs():
    for name, service in SERVICES.items():
        assert service["restart"] == "unless-stopped"
        assert name == "nginx" or service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
        assert name == "postgres" or (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "privileged" not in service
    for node in NODES:
        assert {needed["condition"] for needed in node["depends_on"].values()} == {"service_healthy"}
        assert node["stop_grace_period"] == "45s"


def test_secrets_are_files_that_git_does_not_keep_and_settings_are_those_of_handrail():
    given = NODES[0]["environment"]
    assert list(unknown_variables(given)) == []
    load_settings(environ=given)
    files = {name: value for name, value in given.items() if name in secret_variables()}
    assert files
    for name, value in files.items():
        assert name.endswith("_FILE")
        assert value.removeprefix("/run/secrets/") in NODES[0]["secrets"]
    told = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert told == set(COMPOSE["secrets"])
    ignored = (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/secrets/" in ignored
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    assert not re.search(r"(?i)password: \S", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_a_backup_is_made_on_a_timer_is_read_back_and_old_ones_go(tmp_path):
    script = SERVICES["backup"]["command"][0].replace("$$", "$").replace("/backups", str(tmp_path))
    (tmp_path / "postgres_password").write_text("letmein\n")
    for number in range(50):
        (tmp_path / f"handrail-20200101T0000{number:02}Z.dump").touch()
    for name, does in (("pg_dump", 'echo "$PGPASSWORD" > "${!##--file=}"'), ("pg_restore", 'grep -q letmein "$2"')):
        (tmp_path / name).write_text(f"#!/bin/bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "BACKUP_SECONDS": "3600"}
    process = subprocess.Popen(["bash", "-c", script.replace("/run/secrets", str(tmp_path))], env=env)
    try:
        kept = until(lambda: (found := sorted(tmp_path.glob("*.dump"))) and len(found) == 48 and found, "a backup")
    finally:
        process.terminate()
        assert process.wait(10) == 0, "it ends at once when it is told to"
    assert kept[-1].read_text() == "letmein\n"
    assert kept[-1].stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.part"))


def test_nginx_finds_both_nodes_by_the_documented_file(tmp_path):
    nodes = (DEPLOY / "nginx" / "nodes.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"server (\w+):8000", nodes)) == {"node1", "node2"}
    mounted = [volume.split(":")[0] for volume in SERVICES["nginx"]["volumes"]]
    assert mounted == ["./nginx/nodes.conf", "./nginx/compose.conf"]
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    certificate = trustme.CA().issue_cert("help.example.com")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls_certificate")
    certificate.private_key_pem.write_to_path(tmp_path / "tls_key")
    parts = nodes + (DEPLOY / "nginx" / "compose.conf").read_text(encoding="utf-8")
    parts = parts.replace("/run/secrets", str(tmp_path)).replace("node1", "127.0.0.1").replace("node2", "127.0.0.2")
    config = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ {parts} }}"
    (tmp_path / "nginx.conf").write_text(config)
    done = subprocess.run([NGINX, "-t", "-q", "-c", str(tmp_path / "nginx.conf")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
