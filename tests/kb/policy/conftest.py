"""A site that is written page by page, and the policies that were made for it."""

import pytest

from handrail_kb.policy.fit import write_csp
from handrail_kb.policy.policy import read_policies


@pytest.fixture
def site(tmp_path):
    """Writes pages and gives the findings, the policies, and a page's policy as a mapping."""

    class Site:
        folder = tmp_path / "site"

        def write(self, pages, **more):
            for name, html in pages.items():
                file = self.folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(html) if isinstance(html, bytes) else file.write_text(html, encoding="utf-8")
            return write_csp(self.folder, site_url="https://help.example.org/", **more)

        def headers(self, name):
            return read_policies(self.folder).headers(name)

        def policy(self, name):
            text = self.headers(name)["Content-Security-Policy"]
            return {one.split()[0]: one.split()[1:] for one in text.split("; ")}

    return Site()
