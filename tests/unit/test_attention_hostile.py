"""What hostile, odd or half-known input may not do to a verdict: break it, drown it, or make it say too much."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from sync.attention import Verdict, interpret, parse_subject
from sync.attention.because import day_in_words, instruction
from sync.attention.explain import explain
from sync.attention.life import evidence_of
from sync.attention.next_look import next_look
from sync.attention.request import requests_for
from sync.attention.rule_file import parse_rules
from sync.attention.rules import applied
from tests.unit.attention_cases.apps import READY, app
from tests.unit.attention_cases.building import (
    API_FILE,
    NOW,
    Body,
    api,
    attachment,
    days,
    dialog,
    did,
    endpoint,
    gui,
    never_opened,
    sent,
)
from tests.unit.attention_cases.letters import BOTH, letter

REQUEST = sent("Request", days(-5))
LAST = ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-14:00")
NEVER = (*LAST, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00")


def verdict_of(document: object, now: datetime = NOW) -> Verdict:
    return interpret(parse_subject(document), now)


def stands(document: object) -> tuple[str, str]:
    found = verdict_of(document)
    return found.next_step, found.actor


# Dates


@pytest.mark.parametrize("date", NEVER)
@pytest.mark.parametrize("field", ["dueAt", "expiresAt", "createdAt", "updatedAt"])
def test_a_date_at_the_end_of_the_calendar_costs_no_verdict(date: str, field: str) -> None:
    body = dialog("RequiresAttention", transmissions=[REQUEST]) | {field: date}
    for document in (body, never_opened(body)):
        subject = parse_subject(document)
        found = interpret(subject, NOW)
        assert found.next_step == "answer_request"
        next_look(subject, found, NOW)
        evidence_of(subject, found.next_step)


def test_an_operators_shift_of_such_a_date_costs_no_verdict() -> None:
    rules = parse_rules(b'[[rule]]\norg = "hdir"\ndeadline = "+30d"\n', Path("rules.toml"))
    subject = parse_subject(dialog("RequiresAttention", due=NEVER[0]))
    found, _ = applied(interpret(subject, NOW), subject, rules, NOW)
    assert found.deadline is not None and found.deadline.year == 9999


@pytest.mark.parametrize(
    ("due", "day"),
    [
        ("2026-09-30T21:59:59Z", "30. september"),  # a second before midnight in Norway
        ("2026-09-30T22:00:00Z", "30. september"),  # midnight: 1 October is too late
        ("2026-09-30T22:00:01Z", "1. oktober"),
        ("2026-10-25T22:59:59Z", "25. oktober"),  # the night the clocks went back
        ("2026-10-25T23:00:00Z", "25. oktober"),
        ("2026-10-24T22:00:00Z", "24. oktober"),
        ("2027-03-28T00:30:00Z", "28. mars 2027"),
        ("2027-03-28T22:00:00Z", "28. mars 2027"),  # the night after the clocks went forward
        ("2026-12-31T23:00:00Z", "31. desember"),
        ("2026-12-31T23:30:00Z", "1. januar 2027"),
    ],
)
def test_the_day_of_a_deadline_is_the_last_norwegian_day_on_which_it_can_be_met(due: str, day: str) -> None:
    found = verdict_of(dialog("RequiresAttention", transmissions=[REQUEST], due=due))
    assert found.because.nb.endswith(f"innen {day}.")
    assert found.deadline == datetime.fromisoformat(due)


def test_a_deadline_that_passed_at_midnight_was_the_day_before() -> None:
    at = datetime(2026, 9, 14, 22, tzinfo=UTC)
    assert instruction("pay", "person", at, NOW, 0) == "Betal; fristen var 14. september."
    assert day_in_words(at, NOW, 0) == "15. september", "an event at midnight is of the day that begins"


def test_a_date_that_nobody_gave_is_not_told() -> None:
    for body in ({"status": "Draft"}, {"status": "Draft", "createdAt": "i går", "updatedAt": None}):
        assert verdict_of(body).because.nb == "Et utkast er ikke sendt inn. Fyll ut skjemaet."
    seen = dialog("NotApplicable", human=days(-1))
    seen["seenSinceLastContentUpdate"][0]["seenAt"] = None
    assert verdict_of(seen).because.nb == "Innholdet ble sett, og ingenting er etterspurt."
    for labelled in (
        {"status": status, "org": "ske"} for status in ("NotApplicable", "RequiresAttention", "InProgress")
    ):
        assert "1970" not in verdict_of({"list_item": labelled}).because.en


# Texts


def test_what_a_producer_writes_commands_no_terminal_and_turns_no_text() -> None:
    evil = "\x1b[31mrød\x9b5m\u202eesrever\u200b\x00 {owner} <b>%s</b>\r\nny linje"
    body = dialog("RequiresAttention", org="xx\x1b[2J", transmissions=[sent("Request", days(-5), title=evil)])
    body["content"]["senderName"] = {"value": [{"value": evil, "languageCode": "nb"}], "mediaType": "text/plain"}
    for words in (verdict_of(body).because.nb, verdict_of(body).because.en):
        assert words.isprintable()
        assert "{owner} <b>%s</b> ny linje" in words
    status = verdict_of(dialog("\x1b[31m" + "Ny" * 5_000))
    assert status.because.nb.isprintable() and len(status.because.nb) < 200


@pytest.mark.parametrize("where", ["summary", "title", "label_text"])
@pytest.mark.parametrize("text", ["må " * 3_300_000, " " * 10_000_000])
def test_ten_megabytes_of_text_take_no_time_and_make_no_long_sentence(where: str, text: str) -> None:
    more: dict[str, Any] = {where: text}
    began = time.process_time()
    for kind in ("altinnapp", "genericaccessresource"):
        found = verdict_of(dialog("InProgress", kind=kind, gui_actions=[gui(text)], **more))
        assert len(found.because.nb) < 400
    assert time.process_time() - began < 1


@pytest.mark.parametrize("shape", ["chain", "requests", "pairs"])
def test_ten_thousand_messages_are_judged_in_a_breath(shape: str) -> None:
    letters: list[Body] = []
    for each in range(10_000):
        kind = ("Rejection", "Acceptance")[each % 2] if shape == "pairs" else "Request"
        before = letters[-1]["id"] if letters and shape == "chain" else None
        letters.append(sent(kind, days(-10 + each / 1_000), related="x" if shape == "pairs" else before))
    subject = parse_subject(dialog("RequiresAttention", transmissions=letters))
    began = time.process_time()
    interpret(subject, NOW)
    assert time.process_time() - began < 3


def test_a_sender_without_a_name_is_named_in_each_language() -> None:
    found = verdict_of(dialog("RequiresAttention", transmissions=[REQUEST]) | {"org": None})
    assert found.because.nb.startswith("Avsenderen ba ")
    assert found.because.en.startswith("The sender asked ")
    waiting = verdict_of(dialog("Awaiting") | {"org": None})
    assert waiting.because.nb == "Saken ligger hos avsenderen."
    assert waiting.because.en == "The case is with the sender."


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("Signér skjemaet for å sende det inn.", "sign"),
        ("Ready to sign", "sign"),
        ("Venter på signatur fra daglig leder.", "sign"),
        ("Treng signatur frå dagleg leiar", "sign"),
        ("Ingen signatur kreves", "fill_in"),
        ("Skjemaet er signert av alle.", "fill_in"),
        ("Søknad om signaturrett", "fill_in"),
        ("Betaling gjenstår", "pay"),
        ("Betal ikke før du får faktura", "fill_in"),
        ("Du trenger ikke betale noe", "fill_in"),
        ("Utbetaling av støtte", "fill_in"),
        ("Ready for submission", "submit"),
        ("Tilleggsopplysninger må sendes inn", "answer_request"),
        ("Ettersend dokumentasjon innen fristen", "answer_request"),
        ("Additional documentation required", "answer_request"),
        ("Trenger mer info", "answer_request"),
        ("For mer info, se nettsidene", "fill_in"),
    ],
)
def test_an_apps_own_words_name_a_step_only_where_they_plainly_do(words: str, step: str) -> None:
    for body in (app("InProgress", (words, None)), app("InProgress", READY, label_text=words)):
        assert stands(body) == (step, "person")


def test_the_words_that_decided_are_quoted() -> None:
    found = verdict_of(app("InProgress", ("Avtalen er klar.", None), label_text="Til signering"))
    assert found.because.nb == "Teksten i dialogen sier at det gjenstår å signere («Til signering»). Signer."
    ready = verdict_of(app("InProgress", ("Skjemaet er klart til innsending.", None)))
    assert "å sende inn («Skjemaet er klart til innsending.»)" in ready.because.nb
    on = verdict_of(dialog("InProgress", gui_actions=[gui("Fortsett", action="write")]))
    assert "dialogen leder videre («Fortsett»)" in on.because.nb


# What is not known


def test_a_list_item_by_itself_is_a_dialog_that_was_never_opened() -> None:
    item = never_opened(letter("RequiresAttention", confirm=BOTH, due=days(3)))["list_item"]
    found = verdict_of(item)
    assert (found.next_step, found.actor) == ("confirm", "person")
    assert "not_opened" in found.reasons
    assert stands(never_opened(dialog("InProgress"))["list_item"]) == ("review", "person"), "not: nothing to do"


@pytest.mark.parametrize("activities", [None, []])
def test_messages_that_could_not_be_fetched_are_a_persons_to_look_at(activities: list[Body] | None) -> None:
    """A rejection may stand in them, whoever has seen the dialog."""
    body = dialog("NotApplicable", org="nav", human=days(-1), transmissions=[sent("Rejection", days(-2))])
    document = {"list_item": never_opened(body)["list_item"], "activities": activities}
    found = verdict_of(document)
    assert (found.next_step, found.actor, found.needs_attention) == ("review", "person", True)
    assert "not_opened" in found.reasons
    assert "Fetching the messages" in explain(parse_subject(document), NOW).would_change[0]
    had = [sent("Request", days(-4)), sent("Submission", days(-3), by="PartyRepresentative")]
    for status in ("NotApplicable", "InProgress", "Awaiting"):
        newer = dialog(status, human=days(-1), transmissions=[*had, sent("Rejection", days(-2))])
        archived = never_opened(newer) | {"transmissions": never_opened(newer)["transmissions"][:2]}
        assert stands(archived) == ("review", "person"), status
        assert stands(never_opened(newer))[0] == "correct"
    answered = dialog("Completed", human=days(-1), transmissions=[sent("Acceptance", days(-2))])
    assert stands({"list_item": never_opened(answered)["list_item"]}) == ("none", "none")


def test_a_refusal_without_a_status_says_so() -> None:
    found = verdict_of({"fetch": {"details_status": 500}})
    assert found.next_step == "review" and "har ingen status" in found.because.nb


# Who may act


@pytest.mark.parametrize("method", ["", "SPLICE", "HEAD", "DELETE", "CONNECT"])
def test_a_method_that_writes_nothing_or_is_unknown_makes_no_machine(method: str) -> None:
    body = dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("svar", endpoint(method))])
    assert stands(body) == ("answer_request", "person")
    subject = parse_subject(body)
    assert requests_for(subject, interpret(subject, NOW), NOW) == ()


def test_an_action_without_an_address_makes_no_machine() -> None:
    point = endpoint() | {"url": None}
    assert stands(dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("svar", point)])) == (
        "answer_request",
        "person",
    )
    empty = dialog("NotApplicable", attachments=[attachment(("Api", ""))])
    assert stands(empty) == ("read", "person")
    assert stands(dialog("NotApplicable", attachments=[attachment(API_FILE)])) == ("read", "machine")


def test_an_operators_rule_gives_no_persons_step_to_a_machine() -> None:
    with pytest.raises(ConfigError, match=r"line 4: actor .*cannot do get_access: only a person can"):
        parse_rules(b'[[rule]]\norg = "hdir"\nnext_step = "get_access"\nactor = "machine"\n', Path("rules.toml"))
    rules = parse_rules(b'[[rule]]\norg = "hdir"\nactor = "machine"\n', Path("rules.toml"))
    masked = dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("svar", authorized=False)])
    for body, step, actor in (
        (masked, "get_access", "person"),
        (dialog("RequiresAttention"), "review", "person"),
        (dialog("RequiresAttention", transmissions=[REQUEST]), "answer_request", "machine"),
    ):
        subject = parse_subject(body)
        found, _ = applied(interpret(subject, NOW), subject, rules, NOW)
        assert (found.next_step, found.actor) == (step, actor)


def test_a_note_is_one_text() -> None:
    with pytest.raises(ConfigError, match=r"line 3: note .*not a text"):
        parse_rules(b'[[rule]]\norg = "skd"\nnote = ["en", "to"]\n', Path("rules.toml"))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('[[rule]]\nnote = """\n[[rule]]\norg = 3\n"""\norg = "skd"\nactor = "x"\n', "line 7: actor"),
        ("[[rule]]\nnote = '''\nactor = 3\n'''\norg = 'skd'\nactor = 'x'\n", "line 6: actor"),
        ('[[rule]]\norg = "skd"\n[rule.match]\nx = 1\n', "line 3: match"),
        ('# [[rule]]\n\n[[rule]]\norg = "skd"\nnote = "a"\n\n[[rule]]\nparty = "hei"\nnote = "b"\n', "line 8: party"),
    ],
)
def test_a_bad_rule_is_found_by_its_line_whatever_stands_around_it(body: str, line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        parse_rules(body.encode(), Path("rules.toml"))


# Filed away


def test_what_stands_open_in_a_filed_dialog_is_not_said_to_be_nothing() -> None:
    open_request = dialog("NotApplicable", transmissions=[REQUEST], api_actions=[api("svar")], labels=("Archive",))
    found = verdict_of(open_request)
    assert found.next_step == "none" and "open_request" in found.reasons
    assert found.because.nb == "Dialogen ligger i arkivet; det som står åpent i den, har ingen frist."
    filed = verdict_of(letter("NotApplicable", labels=("Bin",), due=days(-2)))
    assert filed.next_step == "none"
    assert filed.because.nb == "Dialogen ligger i papirkurven, og ingenting i den er pålagt."


def test_a_process_step_outlives_the_bin() -> None:
    body = dialog("InProgress", activities=[did("SentToPayment", days(-2))], labels=("Bin",))
    assert stands(body) == ("pay", "person")
