"""The states of a person's consent, its clock and its warnings, and what each happening changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.connections import RefreshTokens
from store.batch import Row
from sync.auth import consent_changes as changes
from sync.auth.consent import WARNINGS, Consent, State, Stored, consent_of, hinders_renewal, is_reusable
from sync.auth.grant import Client, ClientSecret, Grant
from sync.auth.maskinporten import Token

LOGIN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NINETY = timedelta(days=90)
TOKEN = Token("access", 1e9, 120.0)


def client(lifetime: timedelta | None = NINETY, refresh_tokens: RefreshTokens | None = None) -> Client:
    return Client(
        "kari",
        "klient",
        ClientSecret("secret"),
        "http://localhost:8765/callback",
        "idporten-loa-high",
        ("openid", "digdir:dialogporten"),
        "https://idporten.example",
        lifetime,
        refresh_tokens,
    )


def grant(
    refresh_token: str | None = "r1",
    *,
    ends_at: datetime | None = None,
    idle: float | None = None,
    acr: str | None = None,
) -> Grant:
    return Grant(TOKEN, refresh_token, ("digdir:dialogporten",), acr, refresh_expires_in=idle, ends_at=ends_at)


def consent(after: timedelta, lifetime: timedelta | None = NINETY, **columns: object) -> Consent:
    """A consent of that lifetime, so long after its login."""
    row: Row = {**changes.granted(client(lifetime), grant(), LOGIN), **columns}  # type: ignore[dict-item]
    return consent_of(row, "kari", LOGIN + after)


# The clock


@pytest.mark.parametrize(
    ("days", "state", "warning"),
    [
        (0, "active", None),
        (59.99, "active", None),
        (60, "expiring", 30),
        (75.9, "expiring", 30),
        (76, "expiring", 14),
        (83, "expiring", 7),
        (87, "expiring", 3),
        (89, "expiring", 1),
        (89.99, "expiring", 1),
        (90, "expired", 1),
        (400, "expired", 1),
    ],
)
def test_a_consent_of_ninety_days_warns_at_30_14_7_3_and_1(days: float, state: State, warning: int | None) -> None:
    found = consent(days * DAY)
    assert (found.state, found.warning) == (state, warning)


def test_the_days_left_are_whole_days_and_never_fewer_than_none() -> None:
    assert [consent(after).days_left for after in (timedelta(0), 1.5 * DAY, 89.5 * DAY, 99 * DAY)] == [90, 88, 0, 0]


def test_a_consent_is_not_about_to_end_on_its_first_day() -> None:
    for lifetime in (*WARNINGS, 10, 2):
        assert consent(timedelta(0), lifetime * DAY).state == "active", lifetime
    assert [consent(9 * DAY, 10 * DAY).warning, consent(4 * DAY, 10 * DAY).warning] == [1, 7]


def test_a_consent_of_hours_warns_in_its_last_third() -> None:
    two_hours = timedelta(hours=2)
    found = [consent(timedelta(minutes=minutes), two_hours) for minutes in (0, 79, 80, 119, 120)]
    assert [each.state for each in found] == ["active", "active", "expiring", "expiring", "expired"]
    assert found[2].warning == 0


def test_an_end_that_nobody_told_is_called_unknown_and_how_to_know_it_is_said() -> None:
    found = consent(80 * DAY, None)
    assert (found.state, found.ends_at, found.days_left, found.warning) == ("active", None, None, None)
    assert "does not tell how long" in found.sentence
    assert "authorization_lifetime" in found.remedy


def test_a_login_that_lay_unused_too_long_is_over_before_its_day() -> None:
    row = changes.granted(client(), grant(idle=600), LOGIN)
    assert consent_of(row, "kari", LOGIN + timedelta(seconds=599)).state == "active"
    over = consent_of(row, "kari", LOGIN + timedelta(seconds=600))
    assert over.state == "expired"
    assert "not renewed before 2026-11-01 08:10 UTC" in over.sentence


# When it ends, and who says so


@pytest.mark.parametrize(
    ("lifetime", "answered", "ends_at", "ends_from"),
    [
        (NINETY, None, LOGIN + NINETY, "configured"),
        (NINETY, LOGIN + 60 * DAY, LOGIN + 60 * DAY, "answer"),
        (None, LOGIN + 60 * DAY, LOGIN + 60 * DAY, "answer"),
        (None, None, None, None),
    ],
)
def test_the_answer_knows_the_end_better_than_the_settings(
    lifetime: timedelta | None, answered: datetime | None, ends_at: datetime | None, ends_from: str | None
) -> None:
    found = consent_of(changes.granted(client(lifetime), grant(ends_at=answered), LOGIN), "kari", LOGIN)
    assert (found.ends_at, found.ends_from) == (ends_at, ends_from)


def renewed(before: Consent, of: Client, given: Grant, now: datetime) -> Consent:
    row: Row = {**changes.granted(of, given, LOGIN), **changes.refreshed(before, of, given, now)}
    return consent_of(row, "kari", now)


def test_a_renewal_does_not_move_the_end() -> None:
    found = renewed(consent(50 * DAY), client(), grant("r2"), LOGIN + 50 * DAY)
    assert (found.ends_at, found.generation, found.refreshed_at) == (LOGIN + NINETY, 1, LOGIN + 50 * DAY)


def test_a_lifetime_that_is_written_into_the_settings_later_counts_from_the_login() -> None:
    assert renewed(consent(DAY, None), client(NINETY), grant("r2"), LOGIN + DAY).ends_at == LOGIN + NINETY


def test_an_end_that_has_passed_while_renewals_still_work_was_none() -> None:
    found = renewed(consent(3 * DAY, 2 * DAY), client(2 * DAY), grant("r2"), LOGIN + 3 * DAY)
    assert (found.state, found.ends_at, found.ends_from) == ("active", None, None)


def test_an_answered_end_stands_where_the_next_answer_is_silent() -> None:
    before = consent_of(changes.granted(client(), grant(ends_at=LOGIN + 60 * DAY), LOGIN), "kari", LOGIN + DAY)
    after = changes.refreshed(before, client(), grant("r2"), LOGIN + DAY)
    assert (after["ends_at"], after["ends_from"]) == ("2026-12-31T08:00:00.000000Z", "answer")


def test_a_scope_that_a_renewal_leaves_out_is_gone_and_openid_stays() -> None:
    before = consent(DAY, scopes="openid digdir:dialogporten altinn:instances.read")
    assert changes.refreshed(before, client(), grant("r2"), LOGIN + DAY)["scopes"] == "openid digdir:dialogporten"


# May the token be sent?


@pytest.mark.parametrize(
    ("rotates", "told", "reusable"),
    [
        (None, None, False),
        (None, "one-time", False),
        (None, "reusable", True),
        (False, None, True),
        (False, "reusable", True),
        (False, "one-time", False),
        (True, None, False),
        (True, "reusable", False),
        (True, "one-time", False),
    ],
)
def test_a_token_is_sent_twice_only_where_that_is_known_to_be_allowed(
    rotates: bool | None, told: RefreshTokens | None, reusable: bool
) -> None:
    assert is_reusable(rotates, told) is reusable
    doubtful = consent(DAY, rotates=rotates, sent_at="2026-11-01T09:00:00.000000Z")
    assert hinders_renewal(doubtful, told) == (None if reusable else "lost")
    assert hinders_renewal(consent(DAY, rotates=rotates), told) is None


@pytest.mark.parametrize("state", ["pending", "declined", "expired", "revoked", "lost"])
def test_nothing_is_sent_for_a_consent_that_is_not_there_or_over(state: Stored) -> None:
    assert hinders_renewal(consent(DAY, state=state), "reusable") == state
    assert hinders_renewal(Consent("kari", LOGIN), "reusable") == "none"


def test_the_clock_alone_ends_no_consent() -> None:
    over = consent(400 * DAY)
    assert over.state == "expired"
    assert hinders_renewal(over, None) is None


def test_what_id_porten_takes_no_more_has_expired_or_was_withdrawn_as_far_as_we_know() -> None:
    assert changes.ended(consent(DAY)) == {"state": "revoked", "sealed": None, "sent_at": None}
    assert changes.ended(consent(91 * DAY))["state"] == "expired"


def test_a_late_answer_may_still_come_for_a_consent_that_was_given_up() -> None:
    assert changes.lost() == {"state": "lost"}


# What a person is told


@pytest.mark.parametrize(
    ("found", "so", "to_do"),
    [
        (Consent("kari", LOGIN), "Nobody has logged in", "Log in: dialogarkiv login kari"),
        (consent(DAY, state="pending"), "begun and not finished", "Log in: dialogarkiv login kari"),
        (consent(DAY, state="declined"), "not given", "Log in again and approve: dialogarkiv login kari"),
        (consent(DAY), "valid for 89 days more, until 2027-01-30 08:00 UTC", ""),
        (consent(84 * DAY), "ends in 6 days (2027-01-30 08:00 UTC)", "before that: dialogarkiv login kari"),
        (consent(89 * DAY), "ends in 24 hours", "before that"),
        (consent(90 * DAY - timedelta(minutes=40)), "ends in 40 minutes", "before that"),
        (consent(91 * DAY), "ended 2027-01-30 08:00 UTC", "Log in again: dialogarkiv login kari"),
        (consent(DAY, state="expired"), "has ended", "Log in again: dialogarkiv login kari"),
        (consent(DAY, state="revoked"), "withdrawn, or its time is over", "Log in again: dialogarkiv login kari"),
        (consent(DAY, state="lost"), "answer to a renewal of the login was lost", "Log in again: dialogarkiv login"),
    ],
)
def test_every_state_says_what_is_so_and_what_to_do(found: Consent, so: str, to_do: str) -> None:
    assert so in found.sentence
    assert to_do in found.remedy
    assert bool(to_do) is bool(found.remedy)


def test_a_renewal_that_was_cut_off_is_said_until_the_next_one_tells_what_came_of_it() -> None:
    sent_at = "2026-11-02T07:00:00.000000Z"
    assert "was cut off" in consent(DAY, sent_at=sent_at).sentence
    assert "was cut off" not in consent(DAY, sent_at=sent_at, rotates=False).sentence
    assert "was cut off" not in consent(DAY, sent_at="2026-11-02T07:59:00.000000Z").sentence, "it may be under way"
    assert "was cut off" not in consent(DAY, sent_at=sent_at, state="lost").sentence


def test_a_begun_and_a_declined_login_hold_nothing_secret_and_nothing_of_before() -> None:
    for row, state in ((changes.begun(client()), "pending"), (changes.declined(client(), LOGIN), "declined")):
        found = consent_of(row, "kari", LOGIN)
        assert (found.state, row["sealed"], found.granted_at, found.ends_at) == (state, None, None, None)


def test_no_token_is_in_what_is_shown_of_a_client_or_a_grant() -> None:
    shown = f"{client()!r} {grant('refresh-token-1')!r}"
    assert "secret'" not in shown
    assert "refresh-token-1" not in shown
    assert "'access'" not in shown
