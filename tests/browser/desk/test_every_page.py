"""Every page of the desk that a lead sees is accessible, as wide as the screen, and short."""

from dataclasses import replace

import pytest
from signed_in import PASSWORD, sign_in

from conftest import PHONE, watched

pyotp = pytest.importorskip("pyotp", reason="the service is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

# Pixels of height at a width of 1440.
LONGEST_PAGE = 2500
MESSAGES = 120
PAGES = (
    "",
    "?show=all&page=2",
    "?show=all&q=invoice&sort=newest&assignee=-",
    "topics/?stands=all&span=364",
    "topics/{topic}/?span=90",
    "topics/?stands=growing&since=2026-13-01",
    "report/?span=last-month&beside=year",
    "report/?span=364",
    "report/counted/?number=failed+searches&span=364",
    "report/counted/?number=said+it+helped",
    "articles/?shows=all",
    "articles/at/guide/reset/",
    "account/",
    "accounts/",
    "accounts/?account=lea&page=2",
)


@pytest.fixture
def groups(monkeypatch):
    """People come from a provider, too."""
    monkeypatch.setenv("HANDRAIL_OPENID_SECRET", "0123456789abcdef")
    return {
        "openid": {
            "issuer": "https://id.acme.test",
            "client_id": "handrail",
            "roles": {"leads": "lead"},
            "name": "Acme",
        }
    }


@pytest.fixture
def full_desk(help_site):
    """A desk with pages of messages and searches, and a lead; gives it with the number of a topic."""
    from datetime import timedelta

    from feedback.conftest import search
    from handrail_feedback.accounts import passwords
    from handrail_feedback.records.messages import Message
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import staff
    from handrail_feedback.storage.messages.messages import keep_message
    from handrail_feedback.storage.searches.topics import topics

    staff.add(help_site.store, "lea", "lead", passwords.hashed(PASSWORD), now())
    for number in range(MESSAGES):
        subject = ("Invoice", "I forgot my password", "A question about walruses too long for a line " * 2)[number % 3]
        sender, at = f"cora{number}@acme.test", now() - timedelta(hours=number)
        keep_message(help_site.store, Message(f"Please help.\n{number}", subject, sender, "en", at))
        help_site.searches.record(
            search(f"grumpy walrus {number}", number, f"walrus-{number % 40}", verdict="none", at=now())
        )
    assert help_site.searches.flush()
    help_site.topics.look()
    help_site.number = min(topics(help_site.store))
    return help_site


@pytest.fixture
def lead(chromium, full_desk):
    """A tab of a lead who has signed in."""
    context = chromium.browser.new_context(viewport={"width": 1440, "height": 900})
    page = watched(context.new_page())
    sign_in(page, full_desk, "lea")
    yield page
    context.close()


@pytest.mark.long
def test_every_page_is_accessible_and_fits_the_screen(lead, full_desk, check_looks):
    faults = {}
    for path in PAGES:
        address = f"{full_desk.address}desk/{path.format(topic=full_desk.number)}"
        assert lead.goto(address).status == 200, path
        lead.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        if found := check_looks(lead):
            faults[path] = found
    assert faults == {}
    assert [words for words in lead.complaints if "status of" not in words] == []


@pytest.mark.long
def test_no_page_is_longer_than_a_lead_scrolls(lead, full_desk):
    tall = {}
    for path in PAGES:
        lead.goto(f"{full_desk.address}desk/{path.format(topic=full_desk.number)}")
        height = lead.evaluate("document.documentElement.scrollHeight")
        if height > LONGEST_PAGE:
            tall[path] = height
    assert tall == {}


@pytest.mark.long
def test_the_list_of_topics_has_as_much_room_for_what_is_suggested_as_for_names(lead, full_desk):
    lead.goto(f"{full_desk.address}desk/topics/?stands=all&span=364")
    wide = {
        lead.evaluate("one => one.textContent", head): head.bounding_box()["width"]
        for head in lead.locator(".desk-topics thead th").element_handles()
    }
    assert wide["Suggested action"] > 250 and wide["Topic"] > 250
    assert wide["Status"] < 200 and wide["People"] < 200


@pytest.mark.long
def test_on_a_phone_no_page_is_wider_than_the_screen_in_german_either(chromium, full_desk):
    context = chromium.browser.new_context(viewport=PHONE)
    page = watched(context.new_page())
    sign_in(page, full_desk, "lea")
    page.set_extra_http_headers({"Accept-Language": "de"})
    wide = {}
    for path in PAGES:
        page.goto(f"{full_desk.address}desk/{path.format(topic=full_desk.number)}")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    context.close()
    assert wide == {}


@pytest.mark.long
def test_all_that_is_marked_on_a_message_can_be_read_also_where_the_list_is_narrow(chromium, full_desk):
    from handrail_feedback.records.messages import Message
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.messages.messages import keep_message

    first = Message("Where is it?", "My order", "dora@acme.test", "en", now())
    code = keep_message(full_desk.store, first)
    again = replace(first, message="Please call me.", callback="tomorrow at ten", follows=code)
    keep_message(full_desk.store, again)
    context = chromium.browser.new_context(viewport={"width": 1000, "height": 700})
    page = context.new_page()
    sign_in(page, full_desk, "lea")
    page.goto(f"{full_desk.address}desk/?show=all&q=dora@acme.test")
    page.get_by_text("wants a call").wait_for()
    page.get_by_text(f"adds to {code}").wait_for()
    facts = "[...document.querySelectorAll('.desk-inbox .desk-facts')]"
    assert page.evaluate(f"{facts}.filter(one => one.scrollWidth > one.clientWidth + 1).length") == 0
    context.close()


@pytest.mark.long
def test_signing_in_and_the_second_step_are_accessible(chromium, full_desk, check_looks):
    context = chromium.browser.new_context()
    page = context.new_page()
    page.goto(f"{full_desk.address}desk/")
    assert page.get_by_role("link", name="Acme").is_visible()
    assert check_looks(page) == []
    sign_in(page, full_desk, "lea")
    page.goto(f"{full_desk.address}desk/account/")
    page.locator("#factor-present").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#code").fill("000000")
    assert check_looks(page) == []
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert check_looks(page) == []
    page.locator("#code").fill(pyotp.TOTP(page.locator("main code").first.inner_text().replace(" ", "")).now())
    page.keyboard.press("Enter")
    page.locator("#code").wait_for(state="detached")
    assert check_looks(page) == []  # the codes for a lost telephone
    context.close()
    context = chromium.browser.new_context()
    page = context.new_page()
    page.goto(f"{full_desk.address}desk/")
    page.get_by_label("Name").fill("lea")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#code").wait_for()
    assert check_looks(page) == []
    context.close()


@pytest.mark.long
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["wide", "phone"])
def test_each_part_of_a_number_in_the_report_stays_beside_its_marker(chromium, full_desk, viewport):
    context = chromium.browser.new_context(viewport=viewport)
    page = context.new_page()
    sign_in(page, full_desk, "lea")
    page.goto(f"{full_desk.address}desk/report/")
    numbers = page.evaluate(
        """() => [...document.querySelectorAll(".weekly-numbers summary")].map(summary => {
            // Words for which a narrow column has no room: they go on below themselves.
            if (summary.children[2]) summary.children[2].textContent = "before: not enough data"
            const whole = summary.getBoundingClientRect()
            return [...summary.children].map(part => {
                const words = document.createRange()
                words.selectNodeContents(part)
                return [...words.getClientRects()].map(line => [line.left - whole.left, line.top - whole.top])
            })
        })"""
    )
    context.close()
    assert len(numbers) > 10 and any(len(parts) == 3 for parts in numbers)
    # Pixels: a marker takes 16; a line is 20 high.
    assert {left for parts in numbers for part in parts for left, _ in part if left < 10} == set()
    assert max(parts[0][0][1] for parts in numbers) < 15


# Of Material's palettes: red, teal, yellow, black, white; and one of somebody's own.
SITE_COLOURS = ("#ef5552", "#009485", "#ffec3d", "#000", "#fff", "#0b5563")
CONTRAST_WITH_WHITE = """colour => {
  document.body.style.setProperty("--md-primary-fg-color", colour);
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = getComputedStyle(document.querySelector(".desk button")).backgroundColor;
  pen.fillRect(0, 0, 1, 1);
  const drawn = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const light = drawn.map(one => one / 255).map(one => one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
  return [drawn.join(), 1.05 / (.2126 * light[0] + .7152 * light[1] + .0722 * light[2] + .05)];
}"""


def test_buttons_have_the_colour_of_the_site_as_dark_as_white_letters_need(chromium, help_site):
    page = watched(chromium.browser.new_page())
    page.goto(f"{help_site.address}desk/")
    drawn = {colour: page.evaluate(CONTRAST_WITH_WHITE, colour) for colour in SITE_COLOURS}
    page.close()
    assert len({button for button, _ in drawn.values()}) == len(SITE_COLOURS)
    assert {colour: contrast for colour, (_, contrast) in drawn.items() if contrast < 4.5} == {}  # WCAG 1.4.3
