"""Which faults and attacks there are, which tests try each, and by what it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SERVICE, INDEX, STORE = "search/service/faults", "search/index/faults", "feedback/storage/faults"
PROXIES, DESK = "search/service/proxies/test_documented.py", "feedback/desk"


@dataclass(frozen=True)
class Kind:
    """A fault or an attack. `tests` are files of tests, or tests in them (`file::name`), below `tests/`.

    A test that fails means for a fault that something was lost, and for an attack that somebody got in.
    """

    name: str
    sort: Literal["fault", "attack"]
    mended_by: str
    tests: tuple[str, ...]

    def has(self, nodeid: str) -> bool:
        """Whether this test, by its identifier from the top of the project, tries this kind."""
        file, _, name = nodeid.removeprefix("tests/").partition("::")
        name = name.partition("[")[0]
        return any(one in (file, f"{file}::{name}") for one in self.tests)


def fault(name: str, mended_by: str, *tests: str) -> Kind:
    """A kind of fault."""
    return Kind(name, "fault", mended_by, tests)


def attack(name: str, mended_by: str, *tests: str) -> Kind:
    """A kind of attack."""
    return Kind(name, "attack", mended_by, tests)


KINDS = (
    fault(
        "PostgreSQL killed just after it confirmed",
        "itself, from its own log",
        f"{STORE}/test_crash.py",
    ),
    fault(
        "PostgreSQL that answers nothing any more, is away, or is held by others",
        "itself: nobody waits for long, and it is used again as soon as it answers",
        "feedback/storage/engines/test_postgres.py::test_a_server_that_answers_nothing_any_more_keeps_nobody_for_ever",
        "feedback/storage/engines/test_postgres.py::test_a_table_that_somebody_holds_is_waited_for_once",
        "feedback/storage/engines/test_postgres.py::test_while_the_server_is_away_nobody_waits_for_it",
    ),
    fault(
        "Store held by another program",
        "ending that program, which `handrail doctor` names how to find",
        "feedback/storage/test_database.py"
        "::test_many_who_write_while_another_program_holds_the_store_wait_hardly_longer_than_one",
    ),
    fault(
        "Store deleted, emptied, or cut short",
        "`handrail restore`; nothing new is made in its place unasked",
        f"{STORE}/test_lost_store.py",
    ),
    fault(
        "Older and newer version at one store",
        "`handrail store upgrade`; the older service goes on meanwhile",
        f"{STORE}/test_versions.py",
    ),
    fault(
        "Clock set back, set ahead, or wrong on one node",
        "itself: nothing is erased on one clock's word",
        f"{STORE}/test_clock.py",
        f"{SERVICE}/test_steady_counts.py",
    ),
    fault(
        "Power cut during a build",
        "itself: files are on the disk before they have their names",
        f"{INDEX}/test_power_cut.py",
    ),
    fault(
        "Encoder or weights damaged, or a build killed while it copies them",
        "`handrail build`",
        f"{INDEX}/test_damaged_weights.py",
    ),
    fault(
        "Build killed at any place",
        "the same command again",
        f"{INDEX}/test_killed_build.py",
    ),
    fault(
        "Backup, restore, move or upgrade of the store killed at any place",
        "the same command again",
        f"{STORE}/test_killed_commands.py",
    ),
    fault(
        "Any file of the index, the store or beside the site damaged",
        "the command that `handrail doctor` names",
        f"{INDEX}/test_doctor_of_damage.py",
    ),
    fault(
        "A folder, a pipe, a link to nothing, or another user's file in the place of a file",
        "the command that `handrail doctor` names",
        f"{INDEX}/test_out_of_place.py",
        f"{INDEX}/test_no_folder.py",
    ),
    fault(
        "Disk full during a build or a command",
        "making room, then the same command again",
        f"{INDEX}/test_full_disk.py",
    ),
    fault(
        "Site without what the build wrote beside it",
        "`handrail build`, which `handrail doctor` says",
        f"{INDEX}/test_doctor_of_site.py",
    ),
    fault(
        "Index damaged while it is used",
        "itself: the generation before answers; then `handrail build`",
        f"{SERVICE}/test_damaged_while_serving.py",
    ),
    fault(
        "Index switched under load",
        "nothing to mend: no request fails",
        f"{SERVICE}/test_switches.py",
    ),
    fault(
        "Folder for temporary files full or read-only",
        "itself: it counts without files until there is room",
        f"{SERVICE}/test_full_tmp.py",
    ),
    fault(
        "Log of the service on a full disk",
        "itself: it answers without a log until there is room",
        f"{SERVICE}/test_full_log.py",
    ),
    fault(
        "More searches than it can answer",
        "itself: searches are refused early, messages are taken",
        f"{SERVICE}/test_overload.py",
    ),
    fault(
        "Anything at all sent to search, votes, messages and pages",
        "nothing to mend: refused in one sentence",
        f"{SERVICE}/test_requests.py",
        "feedback/pages/test_request.py",
        "search/service/api/test_api_fuzz.py",
    ),
    fault(
        "Any HTML at all in pages, and anything in front matter",
        "nothing to mend: read to its end, or named with its line",
        "kb/site/built/test_any_html.py",
    ),
    attack(
        "More than the bounds on size, in any input",
        "[bounds](bounds.md) on each input",
        "project/standards/test_bounds.py",
    ),
    attack(
        "Filling the store, from one address or from many",
        "limits by day and in all; a message is taken last of all",
        "search/service/attacks/test_defence.py::test_one_address_leaves_only_so_much_a_day_and_search_goes_on",
        "feedback/storage/upkeep/test_capacity.py",
    ),
    attack(
        "Mail to strangers",
        "three mails a day for each address; who withdrew gets none",
        "feedback/storage/test_mail_quota.py",
    ),
    attack(
        "Guessing reference codes, passwords and codes of the second factor",
        "limits by address, by account, and by network where many guess",
        "search/service/attacks/test_defence.py::test_guessing_codes_is_stopped_by_address_and_when_many_guess_by_network",
        "search/service/attacks/test_defence.py::test_whoever_has_a_code_is_never_refused_for_what_others_guessed",
        f"{DESK}/test_sign_in.py",
        f"{DESK}/accounts/test_second_factor.py",
        "feedback/pages/notify/test_pages.py::test_nobody_learns_whether_an_address_is_known",
        "feedback/pages/notify/test_pages.py::test_a_link_that_leads_nowhere_says_so",
    ),
    attack(
        "Answers of an OpenID provider forged, replayed, mixed up or begun by somebody else",
        "state, nonce, PKCE, issuer, audience, signature and strength are compared",
        f"{DESK}/accounts/openid/test_proofs.py",
        f"{DESK}/accounts/openid/test_strength.py",
        f"{DESK}/accounts/openid/test_sign_in.py::test_one_stays_at_the_desk_whatever_the_link_says",
        f"{DESK}/accounts/openid/test_sign_in.py::test_the_way_back_takes_no_address_from_the_link",
    ),
    attack(
        "Sessions stolen, planted, copied or kept too long",
        "tokens that end, cookies bound to host or path",
        f"{DESK}/accounts/test_sessions.py",
    ),
    attack(
        "Doing what one's role may not, or with fields that no form has, at every address of the desk",
        "each address asks for a session, a token and, where it must, the role",
        f"{DESK}/accounts/test_every_address.py",
        "search/service/attacks/test_defence.py::test_fields_that_no_form_has_change_nothing_of_a_message",
    ),
    attack(
        "Other sites that send for a customer or a colleague",
        "`Origin` and `Sec-Fetch-Site` are compared, forms carry tokens",
        "search/service/attacks/test_defence.py::test_other_sites_may_send_nothing",
        "search/service/attacks/test_defence.py::test_nothing_of_what_another_site_sent_is_kept",
        "search/service/attacks/test_defence.py::test_a_strange_origin_is_refused",
    ),
    attack(
        "Made-up hosts, addresses and redirects",
        "`trusted_hosts`, `trusted_proxies`, redirects without a host",
        "search/service/attacks/test_clients.py",
        "search/service/attacks/test_defence.py::test_no_address_redirects_to_another_site",
        "search/service/attacks/test_defence.py::test_addresses_behind_a_proxy_are_told_apart_only_where_it_is_believed",
    ),
    attack(
        "Two requests in one, headers and log lines in what is sent",
        "refused, and the connection ends; the log holds nothing of what was sent",
        "search/service/attacks/test_raw_requests.py",
        "search/service/proxies/test_request_ends.py",
        "search/service/monitoring/test_request_ids.py::test_any_other_id_is_replaced",
        "search/service/monitoring/test_request_ids.py::test_a_line_names_what_was_asked_for_and_never_a_path",
    ),
    attack(
        "Poisoned caches, and private pages under a name that caches keep",
        "no header but those in `Vary` changes a page; what is somebody's own has `no-store`",
        "search/service/attacks/test_caches.py",
    ),
    attack(
        "Files and notes outside of the site, by any spelling",
        "a path is decoded once and stays in its folder",
        "search/service/pages/test_site_files.py::test_nothing_outside_the_site_is_served",
        "search/service/pages/test_site_files.py::test_what_the_build_notes_for_the_service_is_shown_to_nobody",
        "search/service/attacks/test_hostile_words.py::test_a_path_is_decoded_once_and_leads_to_nothing_that_is_not_for_customers",
    ),
    attack(
        "Sending slowly or not at all, and reading nothing, without a web server in front",
        "a request gets a thread when it is whole; what is large has threads of its own",
        f"{SERVICE}/test_slow_clients.py",
        f"{SERVICE}/test_connections.py",
    ),
    attack(
        "The same through nginx, Caddy and Apache, with slow and huge bodies",
        "the documented configurations",
        PROXIES,
    ),
    attack(
        "A request hidden in another one's, and TRACE",
        "refused where it is not clear where a request ends",
        "search/service/proxies/test_request_ends.py",
    ),
    attack(
        "HTML in what customers write and in names of a site, and holes in the policy",
        "escaping, and a Content-Security-Policy for each page",
        "search/service/attacks/test_hostile_site.py",
        f"{DESK}/test_weekly_page.py::test_what_customers_typed_is_shown_and_never_obeyed",
        "feedback/pages/test_contact.py::test_html_in_a_message_stays_text",
        "search/service/attacks/test_defence.py::test_every_answer_carries_the_policy",
        "search/service/attacks/test_defence.py::test_a_digest_that_is_none_opens_no_hole_in_the_policy",
        "search/service/attacks/test_defence.py::test_notes_that_cannot_be_read_give_the_strictest_policy",
    ),
    attack(
        "Markup and templates in what customers typed, built into an article or read on a forge",
        "signs as entities, and no sign of a template in a title",
        "kb/articles/test_draft_built.py",
        "kb/articles/test_draft.py::test_nothing_that_customers_typed_is_obeyed",
        "kb/language/test_printable.py",
        "feedback/topics/test_replay.py::test_a_comment_shows_what_customers_typed_and_never_obeys_it",
    ),
    attack(
        "Files that are two things at once, and names that lead elsewhere",
        "five formats by content, another name, handed out as a download in a sandbox",
        "feedback/pages/test_attachments.py",
    ),
    attack(
        "Spreadsheets that calculate what customers typed",
        "an apostrophe before what would be calculated",
        f"{DESK}/test_downloads.py::test_no_cell_of_a_file_is_calculated",
        "feedback/reports/test_failed_searches.py::test_no_spreadsheet_calculates_what_a_customer_typed",
        "feedback/reports/test_failed_searches.py::test_no_spreadsheet_calculates_what_stands_within_a_cell_whatever_parts_cells_there",
        "feedback/reports/test_failed_searches.py::test_tables_are_written_in_one_place",
    ),
    attack(
        "Headers, recipients and parts of mail in what customers write",
        "headers are made by `email`, of one line and one address",
        "feedback/delivery/test_smtp.py::test_no_customer_can_write_a_header_or_another_recipient",
        "feedback/delivery/test_smtp.py::test_only_one_plain_address_is_replied_to",
        "feedback/delivery/test_smtp.py::test_words_of_a_customer_cannot_end_a_part_of_the_mail",
        "feedback/delivery/customers/test_answers.py::test_neither_an_answer_nor_what_a_customer_wrote_adds_a_header_or_a_recipient",
    ),
    attack(
        "Texts that make an expression slow",
        "expressions that are linear, and bounds on length",
        "search/service/attacks/test_hostile_words.py::test_no_words_keep_a_thread_busy",
        "project/standards/test_expressions.py",
        "kb/texts/test_log.py::test_a_hostile_text_is_masked_in_time_that_grows_with_its_length",
        "kb/language/test_sentences.py::test_a_hostile_text_takes_no_time",
        "kb/language/test_normal_form.py::test_no_text_makes_the_form_slow",
        "kb/articles/test_markup.py::test_long_hostile_words_are_read_in_no_time",
        "kb/site/built/test_page_text.py::test_a_span_without_sense_costs_nothing",
    ),
    attack(
        "A script that poses as many people",
        "one network adds only so many people; a lead takes back the rest",
        "search/service/api/test_people.py",
        "feedback/storage/upkeep/test_withdrawal.py",
    ),
    # They take longest: what there is no time for is named.
    fault(
        "Service and mail server killed while messages are sent",
        "itself: unsent messages wait in the store, another sender takes over",
        "feedback/delivery/experiment/test_experiment.py",
    ),
    fault(
        "Nodes, PostgreSQL and Valkey killed under traffic",
        "itself: nodes start again and use the store that is there",
        "search/service/nodes/test_cluster.py",
    ),
)
