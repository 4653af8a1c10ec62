"""The setting `csp_allow`, as people write it."""

import pytest

from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.policy.allow import read_allow


def allowed(tmp_path, text):
    import yaml

    file = tmp_path / "mkdocs.yml"
    file.write_text(f"site_name: x\nplugins:\n  - search\n  - handrail:\n      csp_allow:\n{text}")
    raw = yaml.safe_load(file.read_text())["plugins"][1]["handrail"]["csp_allow"]
    allow, problems = read_allow(raw, yaml_lines(file))
    return allow, [str(problem) for problem in problems]


def test_sources_are_read_as_people_write_them(tmp_path):
    text = (
        "        script-src: ['unsafe-inline', \"'unsafe-eval'\", https://CDN.example.com/npm/]\n"
        "        img-src: 'https://a.example.com data:'\n        script-src-elem: ['*.example.net']\n"
        "        frame-src: ['https://play.example.com:8443', 'blob:']\n"
    )
    allow, problems = allowed(tmp_path, text)
    assert problems == []
    assert allow == {
        "script-src": ("'unsafe-inline'", "'unsafe-eval'", "https://cdn.example.com/npm/", "*.example.net"),
        "img-src": ("https://a.example.com", "data:"),
        "frame-src": ("https://play.example.com:8443", "blob:"),
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("scripts-src: [https://a.example.com]", "'scripts-src' is not a directive that can be opened. Did you mean"),
        ("report-uri: [https://a.example.com]", "'report-uri' is not a directive"),
        ("img-src: ['https://a.example.com; script-src *']", "';', ',' and spaces would end it"),
        ('img-src: ["https://a.example.com\\r\\nSet-Cookie: a=b"]', "';', ',' and spaces would end it"),
        ("img-src: ['https://a.example.com,b']", "';', ',' and spaces would end it"),
        ("img-src: [https://müller.example]", "is no source"),
        ("img-src: ['<script>']", "is no source"),
        ("script-src: [\"'nonce-abc'\"]", "A nonce that stands in a file protects nobody"),
        ("script-src: ['none']", "allows nothing"),
        ("img-src: [1]", "should be text"),
        ("img-src: {a: b}", "should be a list of sources"),
        ("img-src: []", "should be a list of sources"),
    ],
)
def test_a_slip_in_the_setting_is_named_with_its_line_and_lets_nothing_in(tmp_path, line, told):
    allow, problems = allowed(tmp_path, f"        font-src: [https://ok.example.com]\n        {line}\n")
    [problem] = problems
    assert problem.startswith("mkdocs.yml:7: ")
    assert told in problem
    assert allow == {"font-src": ("https://ok.example.com",)}


def test_a_list_that_no_header_holds_is_refused(tmp_path):
    hosts = ", ".join(f"https://a-very-long-name-of-a-host-{n}.example.com" for n in range(40))
    _, [problem] = allowed(tmp_path, f"        img-src: [{hosts}]\n")
    assert "a proxy in front takes 1,500" in problem
