"""Without the service, Material's own search finds words of scripts that set no space between them."""

import logging

import pytest
from dialog.searching import ROWS, search, source
from service import running

from conftest import SITES, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Folders of the built Japanese and Thai sites."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    pytest.importorskip("icu4py", reason="handrail[scripts] is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    folders = {}
    for name in ("japanese", "thai"):
        folders[name] = tmp_path_factory.mktemp(name)
        build(load_config(str(SITES / name / "mkdocs.yml"), site_dir=str(folders[name])))
    return folders


@pytest.mark.parametrize(
    ("name", "words", "title"),
    [
        ("japanese", "請求書", "請求書を発行する"), ("japanese", "紙詰まりを直す", "印刷できないとき"),
        ("japanese", "アカウントのパスワード", "パスワードを忘れた場合"), ("thai", "ถังขยะ", "กู้คืนเอกสารที่ลบไป"),
        ("thai", "อยากปิดการแจ้งเตือน", "ปิดการแจ้งเตือน"),
    ],
)  # fmt: skip
def test_a_word_is_found_by_materials_own_search(chromium, scripts, name, words, title):
    with running(scripts[name]) as service:
        service.mode = "down"
        tab = watched(chromium.new_page())
        search(tab, service, words)
        assert source(tab) == "material"
        found = tab.locator(ROWS).first.inner_text().replace("\u200b", "")
        tab.close()
    assert title in found
