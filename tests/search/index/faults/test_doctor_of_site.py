"""The doctor names what is missing from a built site."""

from __future__ import annotations

from click.testing import CliRunner

from handrail_kb.cli.group import main

from ...acme import write_site


def test_the_doctor_names_a_site_without_its_policy(tmp_path, monkeypatch):
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    monkeypatch.chdir(tmp_path)
    write_site(tmp_path / "site")
    assert "ok    site" in CliRunner().invoke(main, ["doctor"]).output
    (tmp_path / "site" / "handrail" / "csp.json").unlink()
    told = CliRunner().invoke(main, ["doctor"])
    assert told.exit_code == 1
    line = next(line for line in told.output.splitlines() if "site  " in line)
    assert line.startswith("BAD")
    assert "csp.json is missing" in line


def test_the_doctor_notes_that_what_serves_is_called_otherwise_as_a_generation_of_another_site_is(
    tmp_path, monkeypatch
):
    (tmp_path / "mkdocs.yml").write_text("site_name: Umbrella Corp\nplugins: [search, handrail]\n")
    monkeypatch.chdir(tmp_path)
    write_site(tmp_path / "site")
    notes = [line for line in CliRunner().invoke(main, ["doctor"]).output.splitlines() if "called" in line]
    assert notes == ["note  name       what serves is called 'Acme', and mkdocs.yml says 'Umbrella Corp'"]
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    assert "called" not in CliRunner().invoke(main, ["doctor"]).output
