"""The ready-made pipelines for a help site's repository: valid, and each of their shell steps run for real.

Only what is outside of the pipeline is replaced: the machine that `ssh` reaches is a folder, `gh` keeps comments in a
file, and GitLab is a small server. What installs Handrail is run by `make install-test`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.searches import Search
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_kb.cli.new import make_site
from waiting import served

CI = Path(__file__).parents[3] / "deploy" / "ci"
GITHUB = yaml.safe_load((CI / "github-actions.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))
MARK = "<!-- handrail replay -->"
ICELAND = "# Shipping to Iceland\n\nWe ship to Iceland every Tuesday. A parcel takes six days.\n"
SSH = """#!/usr/bin/env bash
# The machine is a folder: options and host are dropped, the command is run here.
while true; do case $1 in -i|-o|-l) shift 2;; -*) shift;; *) break;; esac; done
shift
command="$*"
exec bash -c "${command//\\/srv\\/help/$NODE}"
"""
GH = f"""#!{sys.executable}
import json, os, pathlib, sys
kept = pathlib.Path(os.environ["COMMENTS_KEPT"])
comments = json.loads(kept.read_text()) if kept.exists() else {{}}
arguments = sys.argv[1:]
if "--jq" in arguments:
    print("\\n".join(number for number, body in comments.items() if body.startswith("{MARK}")))
else:
    body = pathlib.Path(next(one for one in arguments if one.startswith("body=@"))[6:]).read_text()
    path = next(one for one in arguments if one.startswith("repos/"))
    number = path.rpartition("/")[2] if "PATCH" in arguments else str(len(comments) + 1)
    comments[number] = body
    kept.write_text(json.dumps(comments))
"""


needs_rsync = pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed: apt-get install rsync")


def git(folder, *arguments):
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory, lend_encoder):
    """A site's repository with a change that is not merged, and the machine that serves it. Not to be changed."""
    home = tmp_path_factory.mktemp("ci")
    make_site(home / "help")
    git(home / "help", "init", "-q", "-b", "main")
    git(home / "help", "add", "-A")
    git(home / "help", "commit", "-qm", "Begin")
    git(home, "init", "-q", "--bare", "origin.git")
    git(home / "help", "remote", "add", "origin", str(home / "origin.git"))
    git(home / "help", "push", "-q", "origin", "main")
    shutil.copytree(home / "help", home / "node")
    lend_encoder(home / "node" / ".handrail")
    subprocess.run([HANDRAIL, "build"], cwd=home / "node", check=True, capture_output=True)
    (home / "node" / ".venv" / "bin").mkdir(parents=True)
    (home / "node" / ".venv" / "bin" / "handrail").symlink_to(HANDRAIL)
    searched(home / "node" / ".handrail" / "store.db")
    git(home / "help", "checkout", "-qb", "change")
    (home / "help" / "docs" / "iceland.md").write_text(ICELAND)
    git(home / "help", "add", "-A")
    git(home / "help", "commit", "-qm", "Tell of Iceland")
    return home


HANDRAIL = Path(sys.executable).with_name("handrail")


def searched(file):
    """Four people looked for something that the site does not tell of yet."""
    store = Store(file)
    log = SearchLog(store, retention_days=30)
    for number in range(4):
        log.record(
            Search(
                search_id=f"search-{number}aaaaa", tab=f"tab-{number}aaaaa", query="do you ship to Iceland", lang="en",
                verdict="none", mode="hybrid", degraded=False, fallback_reason=None, results=(), scores=(),
                at=now() - timedelta(hours=1),
            )
        )  # fmt: skip
    assert log.flush()
    log.close()
    store.close()


@pytest.fixture
def workspace(repository, tmp_path, encoder_cache):
    """A checkout as a runner has it, and what its shell finds beside it."""
    for name in ("help", "node", "origin.git"):
        shutil.copytree(repository / name, tmp_path / name, symlinks=True)
    git(tmp_path / "help", "remote", "set-url", "origin", str(tmp_path / "origin.git"))
    # A copy: while tar packs it, nobody else may so much as make another link to it.
    shutil.copytree(encoder_cache, tmp_path / "help" / ".handrail" / "encoder", dirs_exist_ok=True)
    (tmp_path / "bin").mkdir()
    for name, script in (("ssh", SSH), ("gh", GH)):
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def shell(workspace, script, variables, *, strict="", folder="help"):
    """Run a script as a runner does, with these variables and nothing of the tests' own; give exit code and output."""
    env = {name: os.environ[name] for name in ("HOME", "LANG", "SSL_CERT_FILE") if name in os.environ} | {
        "PATH": f"{workspace / 'bin'}:{HANDRAIL.parent}:{os.environ['PATH']}",
        "NODE": str(workspace / "node"),
        "COMMENTS_KEPT": str(workspace / "comments.json"),
        "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
    }
    command = ["bash", "--noprofile", "--norc", f"-e{strict}", *(["pipefail"] if strict else []), "-c", script]
    done = subprocess.run(
        command, cwd=workspace / folder, env=env | variables, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


class GitHub:
    """Runs the shell steps of a job for one event. An expression that is not known here fails the test."""

    def __init__(self, workspace, event, **known):
        self.workspace, self.event = workspace, event
        self.known = {
            "github.base_ref": "main" if event == "pull_request" else "",
            "github.repository": "acme/help",
            "github.event.number": "7",
            "github.token": "token",
        } | {name.replace("__", "."): value for name, value in known.items()}

    def run(self, job, *, only="", folder="help"):
        job = GITHUB["jobs"][job]
        ended = {}
        for step in job["steps"]:
            applies = all(name != self.event for name in re.findall(r"event_name != '(\w+)'", step.get("if", "")))
            applies &= all(name == self.event for name in re.findall(r"event_name == '(\w+)'", step.get("if", "")))
            if "run" in step and applies and step["name"] != "Install Handrail" and only in step["name"]:
                env = {
                    name: self._value(value) for name, value in {**job.get("env", {}), **step.get("env", {})}.items()
                }
                assert "${{" not in step["run"], "what others may write is handed over by variables alone"
                ended[step["name"]] = shell(self.workspace, step["run"], env, folder=folder)
        return ended

    def _value(self, text):
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: self.known[found[1]], str(text))


def gitlab(workspace, job, **variables):
    """Run the script of a GitLab job, with what it extends."""
    script = "\n".join(GITLAB[job]["script"])
    assert GITLAB[job].get("extends", ".handrail") == ".handrail"
    given = {name: str(value) for name, value in GITLAB["variables"].items() if "$" not in str(value)}
    return shell(workspace, script, given | variables, strict="o")


SEARCHES = {
    "vars__SEARCHES_FROM": "handrail@help.example.com",
    "secrets__SEARCHES_KEY": "key",
    "vars__KNOWN_HOSTS": "h",
}


def generations(folder):
    return {path.name for path in (folder / ".handrail/index").iterdir() if path.is_dir() and not path.is_symlink()}


def deployed(workspace):
    """What the machine serves is what was built: pages and index of one generation, and its store as it was."""
    ours, theirs = workspace / "help", workspace / "node"
    current = (ours / ".handrail/index/CURRENT").read_text()
    assert (theirs / ".handrail/index/CURRENT").read_text() == current
    pages = [folder / ".handrail/index/site/iceland/index.html" for folder in (theirs, ours)]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert pages[0].stat().st_mode == pages[1].stat().st_mode, "the web server may read pages, too"
    assert (theirs / ".handrail/store.db").exists(), "a deployment leaves the store alone"
    found = subprocess.run(
        [HANDRAIL, "search", "do you ship to Iceland"], cwd=theirs, capture_output=True, text=True, check=False
    )
    assert "Shipping to Iceland" in found.stdout, found.stderr


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("github-actions.yml", ["--builtin-schema", "vendor.github-workflows"]),
        ("gitlab-ci.yml", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_a_pipeline_is_what_its_host_understands(file, options):
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    command = [sys.executable, "-m", "check_jsonschema", *options, str(CI / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_on_github_a_change_is_built_and_checked_and_one_comment_says_what_it_does_to_yesterdays_searches(workspace):
    pull = GitHub(workspace, "pull_request", **SEARCHES)
    ended = pull.run("check")
    assert {name: code for name, (code, _) in ended.items()} == dict.fromkeys(
        ["Build", "Check", "Replay yesterday's searches", "Comment on the pull request"], 0
    ), ended
    [comment] = json.loads((workspace / "comments.json").read_text()).values()
    assert comment.startswith(f"{MARK}\n**Past searches: fixes 1, breaks 0")
    assert "do you ship to Iceland" in comment
    assert "fixes 1" in (workspace / "summary.md").read_text()
    (workspace / "help" / "replay.md").write_text(f"{MARK}\nAnew")
    pull.run("check", only="Comment")
    assert json.loads((workspace / "comments.json").read_text()) == {"1": f"{MARK}\nAnew"}


def test_a_fork_whose_keys_are_hidden_is_checked_without_a_comment(workspace):
    fork = GitHub(workspace, "pull_request", **SEARCHES | {"secrets__SEARCHES_KEY": ""})
    [(code, told)] = fork.run("check", only="Replay").values()
    assert code == 0
    assert "hidden from a fork" in told
    assert not (workspace / "help" / "replay.md").exists()


@pytest.mark.long
@needs_rsync
def test_on_github_what_was_checked_is_what_every_machine_gets(workspace):
    git(workspace / "help", "checkout", "-qB", "main", "change")
    nodes = {"vars__NODES": "handrail@a.example.com:/srv/help handrail@b.example.com:/srv/help"}
    push = GitHub(workspace, "push", **nodes, secrets__DEPLOY_KEY="key", vars__KNOWN_HOSTS="h")
    ended = push.run("check")
    assert {name: code for name, (code, _) in ended.items()} == {"Build": 0, "Check": 0, "Pack site and index": 0}, (
        ended
    )
    (workspace / "runner").mkdir()
    shutil.move(workspace / "help" / "help.tar.gz", workspace / "runner")
    [(code, told)] = push.run("deploy", folder="runner").values()
    assert code == 0, told
    deployed(workspace)
    assert len(generations(workspace / "node")) == 2, "open pages still ask for files of the one before"
    for name in ("20200101T000000-aaaaaa", "20200102T000000-bbbbbb"):
        (workspace / "runner/.handrail/index" / name).mkdir()
    subprocess.run(["tar", "-czf", "help.tar.gz", ".handrail/index"], cwd=workspace / "runner", check=True)
    [(code, told)] = push.run("deploy", folder="runner").values()
    assert code == 0, told
    assert generations(workspace / "node") == generations(workspace / "runner"), (
        "what the build gave up goes there, too"
    )


@pytest.fixture
def notes():
    """A GitLab that keeps notes of a merge request, and its address."""
    kept = {"3": "What a person wrote"}

    class Notes(BaseHTTPRequestHandler):
        def do_GET(self):
            self._say([{"id": int(number), "body": body} for number, body in kept.items()])

        def do_POST(self):
            kept["4"] = self._body()
            self._say({}, 201)

        def do_PUT(self):
            kept[self.path.rpartition("/")[2]] = self._body()
            self._say({})

        def _body(self):
            return parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["body"][0]

        def _say(self, said, status=200):
            assert self.headers["PRIVATE-TOKEN"] == "token"
            assert self.path.startswith("/api/v4/projects/5/merge_requests/6/notes")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_):
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Notes)) as server:
        yield kept, f"http://127.0.0.1:{server.server_port}/api/v4"


@needs_rsync
@pytest.mark.long
def test_on_gitlab_a_change_is_built_checked_commented_once_and_deployed(workspace, notes):
    kept, address = notes
    (workspace / "key").write_text("key\n")
    given = {
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_IID": "6",
        "CI_PROJECT_ID": "5",
        "CI_API_V4_URL": address,
        "REVIEW_TOKEN": "token",
        "SEARCHES_FROM": "handrail@help.example.com",
        "SEARCHES_KEY": str(workspace / "key"),
        "DEPLOY_KEY": str(workspace / "key"),
        "KNOWN_HOSTS": str(workspace / "key"),
        "NODES": "handrail@a.example.com:/srv/help",
        "TMPDIR": str(workspace),
    }
    for job in ("build", "check", "replay", "replay", "deploy"):
        code, told = gitlab(workspace, job, **given)
        assert code == 0, f"{job}: {told}"
    assert set(kept) == {"3", "4"}
    assert kept["3"] == "What a person wrote"
    assert kept["4"].startswith(f"{MARK}\n**Past searches: fixes 1, breaks 0")
    deployed(workspace)


@pytest.mark.long
def test_a_fault_stops_both_pipelines(workspace):
    (workspace / "help" / "docs" / "iceland.md").write_text(f"{ICELAND}\n[Prices](prices-that-are-not-there.md)\n")
    codes = GitHub(workspace, "pull_request", **SEARCHES).run("check", only="Build")
    assert codes["Build"][0] != 0
    assert gitlab(workspace, "build")[0] != 0
