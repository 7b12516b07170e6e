"""What a verdict must never depend on, whatever the dialog; and that any dialog gets one."""

from __future__ import annotations

import copy
import random
import time
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.attention import interpret, parse_subject, verdict_json
from sync.attention.verdict import NEXT_STEPS, REASONS
from tests.unit.attention_cases.building import (
    API_FILE,
    GUI_FILE,
    NOW,
    Body,
    Labelled,
    api,
    attachment,
    days,
    dialog,
    did,
    endpoint,
    gui,
    link,
    never_opened,
    sent,
)
from tests.unit.test_attention_cases import CASES

STATUSES = ["NotApplicable", "InProgress", "Draft", "RequiresAttention", "Completed", "Awaiting", "OnHold"]
TYPES = ["Information", "Acceptance", "Rejection", "Request", "Alert", "Decision", "Submission", "Correction", "Poke"]
LOG = [
    "DialogCreated",
    "FormSaved",
    "FormSubmitted",
    "SentToSigning",
    "SignatureProvided",
    "SentToPayment",
    "PaymentMade",
]
LOG += ["SentToSendIn", "SentToFormFill", "CorrespondenceOpened", "CorrespondenceConfirmed", "Information", "Waved"]
TITLES = [
    "Gå til skjemautfylling",
    "Gå til signering",
    "Se innsendt skjema",
    "Les mer",
    "Fortsett",
    "Endre",
    "Betal nå",
]
KINDS = ["altinnapp", "correspondenceservice", "genericaccessresource", "migratedapp"]

ages = st.integers(min_value=0, max_value=40).map(lambda age: days(-age))
dates = st.none() | st.integers(min_value=-40, max_value=120).map(days)
letters = st.builds(
    sent,
    st.sampled_from(TYPES),
    ages,
    ext=st.sampled_from([None, "FORESPOERSEL_UTGAATT", "INNTEKTSMELDING_GODKJENT", "KRAV_OPPRETTET"]),
    by=st.sampled_from(["ServiceOwner", "PartyRepresentative"]),
    opened=st.booleans(),
    authorized=st.booleans(),
    attachments=st.lists(st.builds(attachment, st.sampled_from([API_FILE, GUI_FILE]), expires=dates), max_size=2),
    reference=st.sampled_from([None, "https://platform.altinn.no/correspondence/api/v1/correspondence/1/content"]),
)
endpoints = st.builds(endpoint, st.sampled_from(["GET", "POST", "DELETE"]), deprecated=st.booleans(), sunset=dates)
dialogs = st.builds(
    dialog,
    st.sampled_from(STATUSES),
    org=st.sampled_from(["nav", "ske", "ssb", "digdir"]),
    resource=st.sampled_from(["nav_sykepenger_dialog", "app_ssb_ra0760", "app_skd_a2-1051"]),
    kind=st.sampled_from(KINDS),
    created=ages,
    due=dates,
    expires=dates,
    summary=st.sampled_from([None, "Innsendingen må signeres for å gå til neste steg.", "Betal gebyret."]),
    extended=st.sampled_from([None, "FORESPOERSEL_UTGAATT", "NOE"]),
    main=st.none() | st.builds(link, st.just("https://eksempel.no/innhold"), st.booleans()),
    transmissions=st.lists(letters, max_size=5),
    activities=st.lists(st.builds(did, st.sampled_from(LOG), ages), max_size=5),
    api_actions=st.lists(
        st.builds(api, st.sampled_from([None, "send", "confirmCorrespondence"]), endpoints, authorized=st.booleans()),
        max_size=2,
    ),
    gui_actions=st.lists(
        st.builds(
            gui,
            st.sampled_from(TITLES),
            authorized=st.booleans(),
            priority=st.sampled_from(["Primary", "Secondary"]),
        ),
        max_size=3,
    ),
    labels=st.sampled_from([("Default",), ("Archive",), ("Bin",), ("Default", "Sent"), ("Default", "New")]),
    human=st.none() | ages,
    api_only=st.booleans(),
)


def answer(document: object) -> dict[str, Any]:
    return verdict_json(interpret(parse_subject(document), NOW))


def related(body: Body, draw: random.Random) -> Body:
    """Some relations among the transmissions."""
    for each in body["transmissions"]:
        if draw.random() < 0.4:
            each["relatedTransmissionId"] = draw.choice(body["transmissions"])["id"]
    return body


def shuffled(value: Any, draw: random.Random) -> Any:
    """The same JSON with every list in another order."""
    if isinstance(value, dict):
        return {key: shuffled(each, draw) for key, each in value.items()}
    if isinstance(value, list):
        return draw.sample([shuffled(each, draw) for each in value], len(value))
    return value


def salted(value: Any, salt: str) -> Any:
    """The same JSON with other ephemeral ids, tokens and revisions."""
    if isinstance(value, dict):
        return {
            key: salt if key in ("dialogToken", "revision", "contextToken") else salted(each, salt)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [salted(each, salt) for each in value]
    if isinstance(value, str) and "identifier-ephemeral" in value:
        return f"urn:altinn:person:identifier-ephemeral:{salt}"
    return value


MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(dialogs, st.randoms(use_true_random=False))
def test_any_dialog_gets_a_verdict_within_the_vocabulary(body: Body, draw: random.Random) -> None:
    related(body, draw)
    for document in (body, never_opened(body), {**never_opened(body), "dialog": body}):
        verdict = interpret(parse_subject(document), NOW)
        assert verdict.next_step in NEXT_STEPS
        assert verdict.reasons
        assert set(verdict.reasons) <= REASONS
        assert (verdict.actor == "none") == (verdict.next_step == "none")
        assert (verdict.actor == "service_owner") == (verdict.next_step == "wait")
        if verdict.next_step in ("none", "wait"):
            assert not verdict.needs_attention
            assert verdict.deadline is None


@MANY
@given(dialogs, st.randoms(use_true_random=False))
def test_no_verdict_depends_on_the_order_of_lists(body: Body, draw: random.Random) -> None:
    related(body, draw)
    for document in (body, never_opened(body)):
        assert answer(shuffled(document, draw)) == answer(document)


@MANY
@given(dialogs, st.text("0123456789abcdef", min_size=10, max_size=10))
def test_no_verdict_depends_on_ephemeral_ids_tokens_or_revisions(body: Body, salt: str) -> None:
    for document in (body, never_opened(body)):
        assert answer(salted(document, salt)) == answer(document)


@MANY
@given(dialogs)
def test_archived_bodies_give_the_verdict_of_the_fresh_body(body: Body) -> None:
    fresh, archived = answer(body), answer({**never_opened(body), "dialog": body})
    assert set(fresh.pop("reasons")) == set(archived.pop("reasons"))
    assert fresh == archived


@MANY
@given(dialogs)
def test_a_never_opened_dialog_is_never_given_to_a_machine_but_for_reading(body: Body) -> None:
    verdict = interpret(parse_subject(never_opened(body)), NOW)
    assert verdict.actor != "machine" or verdict.next_step == "read"


@MANY
@given(dialogs)
def test_interpreting_changes_nothing_in_the_body(body: Body) -> None:
    before = copy.deepcopy(body)
    answer(body)
    assert body == before


@given(st.sampled_from(CASES), st.integers(min_value=0, max_value=400))
@settings(max_examples=200, deadline=None)
def test_a_settled_case_stays_settled_as_time_goes_by(labelled: Labelled, later: int) -> None:
    """But for what time itself brings: a sunset, and an empty dialog that was merely young."""
    found = interpret(parse_subject(labelled.body), labelled.now + timedelta(days=later))
    if labelled.closed and labelled.body["dueAt"] is None:
        assert not found.needs_attention or found.next_step == "migrate_endpoint"


def test_a_hundred_thousand_dialogs_a_minute_on_one_core() -> None:
    documents = [each.body for each in CASES]
    for document in documents:
        answer(document)
    began, done = time.process_time(), 0
    while time.process_time() - began < 1.0:
        for document in documents:
            answer(document)
        done += len(documents)
    per_minute = done / (time.process_time() - began) * 60
    print(f"{per_minute:,.0f} interpretations a minute, reading the body and writing the answer included")
    assert per_minute >= 100_000
