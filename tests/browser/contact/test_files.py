"""Files with a message, in a browser: sent, refused in words, and asked for again after a reload."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

PNG = {"name": "screen.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"x" * 2000}
PAGE = {"name": "page.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}
LIAR = {"name": "liar.png", "mimeType": "image/png", "buffer": b"<script>alert(1)</script>"}
# Milliseconds. Nobody writes a message faster; who does is taken for a robot.
A_PERSON = 2100
FIELD = "Files (optional)"


@pytest.fixture
def written(tab, real):
    """The contact page of the real service with a message in it, and the store behind it."""
    tab.goto(f"{real}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("See the picture")
    tab.wait_for_timeout(A_PERSON)
    return tab


@pytest.mark.long
def test_a_picture_goes_along_and_is_named_among_what_went(written, real, stored):
    written.get_by_label(FIELD).set_input_files([PNG])
    written.get_by_role("button", name="Send").click()
    written.wait_for_selector(".handrail-code")
    assert written.locator("handrail-main li").all_inner_texts() == ["screen.png"]
    [message] = stored()
    assert message.message == "See the picture"
    assert [(file.name, file.content) for file in message.attachments] == [("screen.png", PNG["buffer"])]


@pytest.mark.long
def test_a_wrong_file_is_told_beside_its_field_and_nothing_is_lost(written, stored):
    for file, name in ((PAGE, "page.html"), (LIAR, "liar.png")):
        written.get_by_label(FIELD).set_input_files([file])
        written.get_by_role("button", name="Send").click()
        said = f"“{name}” is no PNG, JPEG, GIF, WebP or PDF file."
        written.locator(".handrail-field-error", has_text=said).wait_for()
        assert written.get_by_label(FIELD).get_attribute("aria-invalid") == "true"
    assert written.get_by_label("Your message").input_value() == "See the picture"
    assert stored() == []


@pytest.mark.long
def test_after_a_reload_the_draft_asks_for_the_files_again(written):
    written.get_by_label(FIELD).set_input_files([PNG])
    written.get_by_label("Your message").press_sequentially(".")
    written.get_by_text("What you write is kept in this tab only").wait_for()
    written.reload()
    written.get_by_text("Please choose your files again").wait_for()
    assert written.get_by_label("Your message").input_value() == "See the picture."


@pytest.mark.long
def test_without_javascript_a_picture_goes_along(chromium, real, stored):
    context = chromium.browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{real}contact/")
    page.get_by_label("Your message").fill("See the picture")
    page.get_by_label(FIELD).set_input_files([LIAR])
    page.wait_for_timeout(A_PERSON)
    page.get_by_role("button", name="Send").click()
    page.locator("form .handrail-error", has_text="liar.png").wait_for()
    assert page.get_by_label("Your message").input_value() == "See the picture"
    page.get_by_label(FIELD).set_input_files([PNG])
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    [message] = stored()
    assert [file.name for file in message.attachments] == ["screen.png"]
    context.close()
