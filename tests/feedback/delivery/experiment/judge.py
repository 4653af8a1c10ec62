"""What is wrong with the mails that came, in sentences."""

from __future__ import annotations


def check(codes, mails, kept, messages):
    """What is wrong, in sentences; nothing when the promise holds.

    `codes`: what customers saw, with their words; `mails`: what came; `kept`: words by code in the store.
    """
    wrong = []
    if len(codes) != messages:
        wrong.append(f"{messages} messages were written, but {len(codes)} codes were seen")
    arrived = {}
    for mail in mails:
        arrived.setdefault(mail["Message-ID"], set()).add((mail["X-Handrail-Code"], mail.get_content().splitlines()[0]))
    changed = [key for key, different in arrived.items() if len(different) > 1]
    if changed:
        wrong.append(f"mails with the same Message-ID differ: {changed[:3]}")
    words = {code: text for different in arrived.values() for code, text in different}
    if len(words) < len(arrived):
        wrong.append(f"{len(arrived) - len(words)} codes came twice, with different Message-IDs")
    lost = [code for code in codes if code not in words]
    if lost:
        wrong.append(f"{len(lost)} messages with a code never came: {lost[:3]}")
    mixed = [code for code, (text, _) in codes.items() if words.get(code, text) != text]
    if mixed:
        wrong.append(f"{len(mixed)} messages came with other words: {mixed[:3]}")
    if words != kept:
        wrong.append(f"{len(kept)} messages are in the store, but {len(words)} came, or with other words")
    return wrong


def check_receipts(receipts, mails):
    """What is wrong with receipts. There may be none: they are tried for a day, and an address gets three at most."""
    sent = {mail["Message-ID"] for mail in mails}
    strange = [mail["Message-ID"] for mail in receipts if mail["In-Reply-To"] not in sent]
    return [f"{len(strange)} receipts belong to no message: {strange[:3]}"] if strange else []
