"""What the doctor says of a person's login and of the vault, from what the archive holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import jwt
import pytest

from config.vault import VaultKeyRef, VaultKeys
from sync.auth.consent import Consent
from sync.auth.source import FixedToken
from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.errors import LoginNeeded, TokenRefused
from sync.doctoring.access import Access
from sync.doctoring.causes import failure
from sync.doctoring.persons import consent_check, vault_check
from sync.doctoring.report import Check, Examination, Report

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLL = timedelta(minutes=5)


def consent(stored: Any = "active", **more: Any) -> Consent:
    granted = {"granted_at": NOW - timedelta(days=10), "ends_at": NOW + timedelta(days=80)}
    return Consent("kari", NOW, stored=stored, **{**(granted if stored == "active" else {}), **more})


def test_a_valid_consent_is_in_order_and_says_for_how_long() -> None:
    check = consent_check(consent(), POLL)
    assert (check.outcome, check.exit_code, check.facts["days_left"]) == ("ok", 0, 80)
    assert "80 days" in check.sentence and check.facts["ends_at"] == "2027-02-13T12:00:00Z"


def test_one_that_is_about_to_end_or_whose_end_nobody_knows_is_a_warning_with_what_to_do() -> None:
    ending = consent_check(consent(ends_at=NOW + timedelta(days=6)), POLL)
    assert ending.outcome == "warning" and "dialogarkiv login kari" in ending.remedy
    unknown = consent_check(consent(ends_at=None), POLL)
    assert unknown.outcome == "warning" and "authorization_lifetime" in unknown.remedy


@pytest.mark.parametrize("state", ["none", "pending", "declined", "expired", "revoked", "lost"])
def test_any_other_consent_fails_with_3_and_the_command_that_mends_it(state: str) -> None:
    check = consent_check(consent(state), POLL)
    assert (check.outcome, check.exit_code, check.facts["state"]) == ("failed", 3, state)
    assert "dialogarkiv login kari" in check.remedy


def test_why_the_latest_renewal_failed_is_told_beside_the_likely_causes() -> None:
    check = consent_check(consent("revoked", error="ID-porten said no."), POLL)
    assert check.causes[0] == "The person withdrew it at ID-porten."
    assert check.causes[-1].endswith("ID-porten said no.")


def test_a_login_that_dies_between_two_polls_is_told_before_it_does() -> None:
    short = consent(refreshed_at=NOW, idle_until=NOW + timedelta(seconds=240))
    check = consent_check(short, POLL)
    assert check.outcome == "warning" and "240 s" in check.sentence
    assert "refresh_token_lifetime" in check.causes[0] and "longer" in check.remedy
    assert consent_check(short, timedelta(minutes=1)).outcome == "ok"


def test_the_vaults_key_may_be_missing_until_the_first_login_and_not_after_it(tmp_path: Path) -> None:
    keys = VaultKeys(VaultKeyRef(file=tmp_path / "vault.key"))
    assert vault_check(keys, consent("none")).outcome == "ok"
    check = vault_check(keys, consent())
    assert (check.outcome, check.exit_code) == ("failed", 2) and "login" in check.remedy
    assert keys.make_if_missing()
    assert vault_check(keys, consent()).outcome == "ok"


def test_a_key_of_the_vault_that_cannot_be_used_ends_with_2_whoever_else_is_in_order() -> None:
    shut = vault_check(VaultKeys(VaultKeyRef(env="NOWHERE")), consent())
    fine = Examination("bakeri", "system-user", "1", (Check("token", "ok", "Granted."),))
    report = Report((), (fine, Examination("kari", "id-porten", "", (shut,))))
    assert report.exit_code == 2 and "NOWHERE" in shut.sentence


def test_what_id_porten_refuses_has_causes_of_its_own() -> None:
    key = failure("token", TokenRefused("No.", code="invalid_client", permanent=True))
    assert "one year" in " ".join(key.causes) and key.exit_code == 3
    nowhere = failure("token", TokenRefused("There is no ID-porten at x. Check.", code="metadata", permanent=True))
    assert "no slash" in nowhere.causes[0]
    maskinporten = failure("token", TokenRefused("There is no Maskinporten at x.", code="metadata", permanent=True))
    assert "Maskinporten" in maskinporten.causes[0]
    lost = failure("token", LoginNeeded("The answer was lost. Log in again.", state="lost"))
    assert "reusable" in lost.causes[0] and lost.exit_code == 3


def test_a_persons_token_without_dialogporten_asks_for_a_new_approval() -> None:
    def check(**claims: str) -> Check:
        token = jwt.encode({"scope": "openid", **claims}, "an invented key, long enough for HS256", algorithm="HS256")
        access = Access(cast(DialogportenClient, None), FixedToken(lambda: token), None, NOW)
        access.token()
        return access.scope()

    person = check(pid="01848510048", acr="idporten-loa-high")
    assert (person.outcome, person.exit_code) == ("failed", 3)
    assert "log in anew and approve" in person.remedy and any("renewal" in cause for cause in person.causes)
    assert "approve" not in check().remedy
