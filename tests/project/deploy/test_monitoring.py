"""Alerts and dashboard: that Prometheus reads them, that each rings when it should, and that their metrics exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from handrail_kb.config.settings import load_settings

pytest.importorskip("faiss", reason="the service is not installed")

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "handrail.rules.yml").read_text())["groups"][0]["rules"]
CASES = yaml.safe_load((PROMETHEUS / "handrail.rules.test.yml").read_text())["tests"]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "handrail.json").read_text())
ARTICLE = (ROOT / "docs" / "operators" / "monitoring.md").read_text()

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus)"
)


def check(*arguments):
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """All series of a service that nobody has asked anything yet: names and labels."""
    from handrail_search.service.app import create_app, parts_of

    root = tmp_path_factory.mktemp("monitored")
    (root / "site").mkdir()
    flags = {"state_dir": str(root / "state"), "deliver": "folder"}
    app = create_app(load_settings(site_dir=root / "site", flags=flags, environ={}))
    page = app.test_client().get("/metrics").text
    parts_of(app).teaching.stop()
    parts_of(app).topics.stop()
    families = text_string_to_metric_families(page)
    return [("up", {}), *((one.name, one.labels) for family in families for one in family.samples)]


def asked_for(expression):
    """Every metric in an expression, with the patterns that its labels have to fit."""
    for name, among in re.findall(r"\b((?:handrail|process)_[a-z_]+|up\b)(?:\{([^}]*)\})?", expression):
        fits = re.findall(r'(\w+)(=|=~)"([^"]*)"', among)
        yield (
            name,
            {
                label: value if sign == "=~" else re.escape(value)
                for label, sign, value in fits
                if label not in ("job", "instance")
            },
        )


def missing(expression, series):
    """What an expression asks for in vain."""
    return [
        (name, labels)
        for name, labels in asked_for(expression)
        if not any(
            name == known and all(re.fullmatch(value, has.get(label, "")) for label, value in labels.items())
            for known, has in series
        )
    ]


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions():
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


# --- alerts


@promtool
def test_prometheus_reads_the_alerts_and_the_example():
    assert check("check", "rules", "handrail.rules.yml")[0] == 0
    code, told = check("check", "config", "prometheus.yml")
    assert code == 0, told


@pytest.mark.long
@promtool
def test_each_alert_rings_when_it_should_and_is_silent_when_all_is_well():
    code, told = check("test", "rules", "handrail.rules.test.yml")
    assert code == 0, told


def test_each_alert_has_a_case_in_which_it_rings_and_one_in_which_it_is_silent():
    asked = [(one["alertname"], bool(one["exp_alerts"])) for case in CASES for one in case["alert_rule_test"]]
    for rule in RULES:
        assert {ringing for name, ringing in asked if name == rule["alert"]} == {True, False}, rule["alert"]


def test_each_alert_says_what_it_means_and_has_its_section():
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
        assert f"## {rule['alert']} {{ #{rule['alert'].lower()} }}" in ARTICLE, rule["alert"]


def test_each_alert_asks_for_series_that_are_there_from_the_start(series):
    for rule in RULES:
        assert list(asked_for(rule["expr"])), rule["alert"]
        assert missing(rule["expr"], series) == [], rule["alert"]


def test_a_misspelt_metric_or_label_would_be_noticed(series):
    assert missing('rate(handrail_contact_total{outcome="failed"}[5m])', series) == []
    assert missing('rate(handrail_contact_total{outcome="fails"}[5m])', series)
    assert missing("handrail_contacts_total", series)


# --- dashboard


def test_the_dashboard_asks_for_series_that_are_there_from_the_start(series):
    assert len(panels()) > 15
    for title, expression in expressions():
        assert list(asked_for(expression)), title
        assert missing(expression, series) == [], title


@promtool
def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path):
    known = {"$__rate_interval": "5m", "$job": "handrail", "$instance": ".*"}
    rules = []
    for number, (_, expression) in enumerate(expressions()):
        for name, value in known.items():
            expression = expression.replace(name, value)
        assert "$" not in expression
        rules.append({"record": f"panel:{number}", "expr": expression})
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    code, told = check("check", "rules", str(file))
    assert code == 0 and f"{len(rules)} rules found" in told, told


def test_the_dashboard_can_be_imported():
    assert DASHBOARD["uid"] == "handrail" and DASHBOARD["schemaVersion"] >= 36
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    variables = {one["name"] for one in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    for panel in panels():
        assert panel["title"] and panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_no_panel_lies_on_another():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
