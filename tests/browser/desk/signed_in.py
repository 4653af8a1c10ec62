"""Signing in to the desk."""

PASSWORD = "correct horse battery"


def sign_in(page, site, name="anna"):
    page.goto(f"{site.address}desk/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()
