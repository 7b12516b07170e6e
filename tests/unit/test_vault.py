"""The vault: what is sealed, in which order a renewal goes, and what becomes of a consent when one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.vault import VaultKeys, vault_keys
from store.archive import Archive
from store.batch import Row
from store.errors import ArchiveBusy, ArchiveError
from sync.auth.grant import Client, ClientSecret, Grant
from sync.auth.maskinporten import Token
from sync.auth.persons import PersonTokens
from sync.auth.renewal_failures import Fate, fate
from sync.auth.vault import Vault
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Busy,
    ClockSkew,
    ConnectFailed,
    Context,
    CutBody,
    HostNotAllowed,
    LoginNeeded,
    Redirected,
    ServerFault,
    Stopped,
    TimedOut,
    TokenError,
    TokenRefused,
    TooLarge,
    VaultShut,
)

LOGIN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
KARI = Client(
    "kari",
    "klient",
    ClientSecret("hemmelig"),
    "http://localhost:8765/callback",
    "idporten-loa-high",
    ("openid", "digdir:dialogporten"),
    "https://idporten.example",
    timedelta(days=90),
)
POST = Context(at=LOGIN, method="POST", url_path="/token", connection="kari", server="ID-porten")


def grant(refresh_token: str | None, access: str = "access", until: float = 1e9, subject: str | None = "emne") -> Grant:
    return Grant(Token(access, until, 120.0), refresh_token, KARI.scopes, "idporten-loa-high", subject)


class IdPorten:
    """Answers renewals in turn; an error is raised. Remembers what it was sent."""

    def __init__(self, *answers: Grant | BaseException) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []

    def __call__(self, token: str) -> Grant:
        self.sent.append(token)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def refresh(self, _client: Client, refresh_token: str) -> Grant:
        return self(refresh_token)


class House:
    """A vault with its archive, and a clock to set."""

    def __init__(self, folder: Path, archive: Archive, keys: VaultKeys) -> None:
        self.folder = folder
        self.archive = archive
        self.keys = keys
        self.now = LOGIN
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.pauses: list[float] = []
        self.vault = self.another()

    def another(self, keys: VaultKeys | None = None) -> Vault:
        """The vault of another process."""
        return Vault(self.archive.consents, keys or self.keys, now=lambda: self.now, wait=self._wait, told=self._hear)

    @property
    def row(self) -> Row:
        row = self.archive.consents.row("kari")
        assert row is not None
        return row

    @property
    def events(self) -> list[str]:
        return [name for name, _ in self.told]

    def _wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False

    def _hear(self, name: str, fields: Mapping[str, object]) -> None:
        self.told.append((str(name), fields))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Archive.open(f"sqlite:///{tmp_path}/arkiv.db", create=True) as archive:
        yield House(tmp_path, archive, vault_keys(None, (), {}, tmp_path / "dialogarkiv.toml"))


@pytest.fixture
def kept(house: House) -> House:
    """Kari has logged in; her refresh token is `r0`."""
    house.vault.keep(KARI, grant("r0"))
    house.told.clear()
    return house


# What is kept


def test_a_login_makes_the_key_and_the_archive_holds_the_token_sealed(house: House) -> None:
    assert not (house.folder / "vault.key").exists()
    kept = house.vault.keep(KARI, grant("a-refresh-token"))
    assert (kept.state, kept.days_left, kept.acr) == ("active", 90, "idporten-loa-high")
    assert (house.folder / "vault.key").stat().st_mode & 0o777 == 0o600
    house.archive.close()
    for file in house.folder.iterdir():
        assert b"a-refresh-token" not in file.read_bytes(), file.name
    assert house.events == ["consent_kept"]
    assert "a-refresh-token" not in f"{house.told!r} {house.vault!r} {kept!r}"


def test_a_grant_that_cannot_be_renewed_is_not_kept(house: House) -> None:
    with pytest.raises(ValueError, match="nothing to keep"):
        house.vault.keep(KARI, grant(None))
    assert house.vault.consent("kari").state == "none"


def test_looking_at_a_consent_needs_no_key(kept: House) -> None:
    (kept.folder / "vault.key").unlink()
    assert kept.vault.consent("kari").state == "active"


def test_a_row_that_was_given_another_name_opens_nothing(kept: House) -> None:
    kept.vault.keep(replace(KARI, connection="anders"), grant("r9"))
    anders = kept.archive.consents.row("anders")
    assert anders is not None
    kept.archive.consents.put({**anders, "connection": "kari"})
    idporten = IdPorten()
    with pytest.raises(VaultShut, match="another connection or client") as told:
        kept.vault.refresh(KARI, idporten)
    assert (idporten.sent, told.value.exit_code, kept.row["sent_at"]) == ([], 2, None)


def test_a_token_of_another_client_is_never_sent(kept: House) -> None:
    idporten = IdPorten()
    for other in (replace(KARI, client_id="another"), replace(KARI, issuer="https://test.idporten.example")):
        with pytest.raises(LoginNeeded, match="another client or ID-porten") as told:
            kept.vault.refresh(other, idporten)
        assert told.value.exit_code == 3
    assert idporten.sent == []


def test_a_missing_or_wrong_key_is_told_before_anything_leaves(kept: House) -> None:
    idporten = IdPorten()
    key = kept.folder / "vault.key"
    spare = key.read_bytes()
    key.unlink()
    with pytest.raises(VaultShut, match="there is no such key file") as told:
        kept.vault.refresh(KARI, idporten)
    assert told.value.who == "operator"
    kept.keys.make_if_missing()
    with pytest.raises(VaultShut, match="sealed with another one"):
        kept.vault.refresh(KARI, idporten)
    assert (idporten.sent, kept.row["sent_at"]) == ([], None)
    key.write_bytes(spare)
    assert kept.vault.refresh(KARI, IdPorten(grant("r1"))).access.value == "access"


def test_a_new_key_takes_over_at_the_next_renewal_or_at_once(kept: House) -> None:
    old = (kept.folder / "vault.key").rename(kept.folder / "old.key")
    kept.keys.make_if_missing()
    both = vault_keys(None, (type(kept.keys.key)(file=old),), {}, kept.folder / "dialogarkiv.toml")
    assert kept.another(both).refresh(KARI, IdPorten(grant("r1"))).refresh_token == "r1"
    idporten = IdPorten(grant("r2"))
    kept.vault.refresh(KARI, idporten)
    assert idporten.sent == ["r1"], "the old key is needed no more"

    kept.keys.key.file.rename(kept.folder / "older.key")  # type: ignore[union-attr]
    kept.keys.make_if_missing()
    with pytest.raises(VaultShut):
        kept.vault.rekey()
    older = vault_keys(None, (type(kept.keys.key)(file=kept.folder / "older.key"),), {}, kept.folder / "x.toml")
    assert kept.another(older).rekey() == 1
    assert kept.vault.refresh(KARI, IdPorten(grant("r3"))).refresh_token == "r3"


# The order of a renewal


def test_it_is_durable_that_a_renewal_leaves_before_it_does_and_the_new_token_before_its_first_use(kept: House) -> None:
    seen: list[Row] = []

    def send(token: str) -> Grant:
        assert token == "r0"
        # Another connection to the database: what it sees was committed.
        with Archive.open(f"sqlite:///{kept.folder}/arkiv.db", create=False) as other:
            seen.extend(other.consents.rows())
        return grant("r1")

    kept.now += timedelta(hours=1)
    assert kept.vault.refresh(KARI, send).access.value == "access"
    assert (seen[0]["sent_at"], seen[0]["generation"]) == ("2026-11-01T09:00:00.000000Z", 0)
    assert (kept.row["sent_at"], kept.row["generation"], kept.row["rotates"]) == (None, 1, True)
    again = IdPorten(grant("r2"))
    kept.another().refresh(KARI, again)
    assert again.sent == ["r1"]


def test_a_token_that_is_not_replaced_is_kept(kept: House) -> None:
    idporten = IdPorten(grant(None), grant("r0"), grant(None))
    for _ in range(3):
        kept.vault.refresh(KARI, idporten)
    assert idporten.sent == ["r0", "r0", "r0"]
    assert (kept.row["generation"], kept.row["rotates"]) == (3, False)


def test_one_new_token_is_enough_to_know_that_they_are_used_once(kept: House) -> None:
    kept.vault.refresh(KARI, IdPorten(grant("r1")))
    kept.vault.refresh(KARI, IdPorten(grant(None)))
    assert kept.row["rotates"] is True


def test_a_token_that_cannot_be_stored_is_not_used_and_waits_for_the_archive(
    kept: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = type(kept.archive.consents).change

    def full(self: object, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        if "sealed" in fields:
            raise ArchiveBusy("The archive is held by another program.")
        return change(self, connection, generation, sent_at, fields)  # type: ignore[arg-type]

    monkeypatch.setattr("store.consents.Consents.change", full)
    with pytest.raises(ArchiveError):
        kept.vault.refresh(KARI, IdPorten(grant("r1")))
    assert sum(kept.pauses) > 30
    assert kept.row.get("sent_at")
    monkeypatch.undo()
    idporten = IdPorten()
    assert kept.vault.refresh(KARI, idporten).refresh_token == "r1"
    assert (idporten.sent, kept.row["sent_at"], kept.row["generation"]) == ([], None, 1)


def test_an_archive_that_fails_in_passing_loses_no_token(kept: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change = type(kept.archive.consents).change
    failures = [ArchiveBusy("held"), ArchiveBusy("held")]

    def busy(self: object, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        if "sealed" in fields and failures:
            raise failures.pop()
        return change(self, connection, generation, sent_at, fields)  # type: ignore[arg-type]

    monkeypatch.setattr("store.consents.Consents.change", busy)
    assert kept.vault.refresh(KARI, IdPorten(grant("r1"))).refresh_token == "r1"
    assert kept.row["generation"] == 1


def test_a_commit_whose_answer_was_lost_counts(kept: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change = type(kept.archive.consents).change
    failures = [ArchiveError("The database does not answer.")]

    def silent(self: object, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        done = change(self, connection, generation, sent_at, fields)  # type: ignore[arg-type]
        if "sealed" in fields and failures:
            raise failures.pop()
        return done

    monkeypatch.setattr("store.consents.Consents.change", silent)
    assert kept.vault.refresh(KARI, IdPorten(grant("r1"))).refresh_token == "r1"


def test_a_renewal_that_cannot_be_noted_does_not_leave(kept: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change = type(kept.archive.consents).change
    failures = [ArchiveError("The database does not answer.")]

    def silent(self: object, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        done = change(self, connection, generation, sent_at, fields)  # type: ignore[arg-type]
        if failures:
            raise failures.pop()
        return done

    monkeypatch.setattr("store.consents.Consents.change", silent)
    idporten = IdPorten(grant("r1"))
    with pytest.raises(ArchiveError):
        kept.vault.refresh(KARI, idporten)
    assert (idporten.sent, kept.row["sent_at"]) == ([], None)
    kept.vault.refresh(KARI, idporten)


# What a failure means


def never_left(error: ArkivError) -> ArkivError:
    error.left = False
    return error


def refused(code: str, status: int = 400) -> TokenRefused:
    return TokenRefused("No.", code=code, permanent=True, context=POST, status=status)


GET = replace(POST, method="GET")
UNUSED = [
    never_left(ConnectFailed("No connection.", context=POST)),
    never_left(TimedOut("No connection in time.", context=POST)),
    never_left(Stopped("Stopped before asking.", context=POST)),
    HostNotAllowed("Not a host of ours.", context=POST),
    ClockSkew("The clock is off.", seconds=90, context=GET),
    TimedOut("No metadata.", context=GET),
    BadBody("Metadata that are none.", context=GET, status=200),
    refused("invalid_client", 401),
    refused("invalid_request"),
    refused("HTTP 403", 403),
    Busy("Wait.", context=POST, status=429),
    Busy("Wait.", context=POST, status=503),
    ServerFault("Failed.", context=POST, status=500),
    BadGateway("Bad gateway.", context=POST, status=502),
    Redirected("Elsewhere.", target="example", context=POST, status=302),
]
UNKNOWN = [
    ConnectFailed("Broken off before an answer.", context=POST),
    TimedOut("No answer in time.", context=POST),
    CutBody("Cut off.", context=POST),
    TooLarge("Too large.", context=POST, status=200),
    BadBody("No token in it.", context=POST, status=200),
    Stopped("Stopped in the middle.", context=POST),
    BadGateway("The gateway waited in vain.", context=POST, status=504),
    refused("HTTP 204", 204),
]


def name(error: ArkivError) -> str:
    return f"{type(error).__name__}-{error.status}-{error.sentence}".replace(" ", "_")


@pytest.mark.parametrize("error", UNUSED, ids=name)
def test_a_token_that_was_certainly_not_used_is_as_good_as_before(kept: House, error: ArkivError) -> None:
    assert fate(error) is Fate.UNUSED
    kept.vault.refresh(KARI, IdPorten(grant("r1")))
    with pytest.raises(type(error)) as told:
        kept.vault.refresh(KARI, IdPorten(error))
    assert told.value is error
    assert (kept.row["state"], kept.row["sent_at"], kept.row["error"]) == ("active", None, error.sentence)
    idporten = IdPorten(grant("r2"))
    kept.vault.refresh(KARI, idporten)
    assert (idporten.sent, kept.row["error"], kept.events) == (["r1"], None, [])


@pytest.mark.parametrize("error", UNKNOWN, ids=name)
def test_a_one_time_token_that_may_have_been_used_is_never_sent_again(kept: House, error: ArkivError) -> None:
    assert fate(error) is Fate.UNKNOWN
    idporten = IdPorten(error)
    for _ in range(3):
        with pytest.raises(
            LoginNeeded, match=r"may not be sent a second time\. Log in again: dialogarkiv login kari"
        ) as t:
            kept.another().refresh(KARI, idporten)
        assert (t.value.state, t.value.exit_code, t.value.who) == ("lost", 3, "user")
    assert idporten.sent == ["r0"]
    assert kept.events == ["consent_ended"], "told once"
    assert (kept.row["state"], kept.row["error"]) == ("lost", error.sentence)


@pytest.mark.parametrize("error", UNKNOWN, ids=name)
def test_a_reusable_token_is_sent_again_at_the_next_call(kept: House, error: ArkivError) -> None:
    kept.vault.refresh(KARI, IdPorten(grant(None)))
    idporten = IdPorten(error, grant(None))
    with pytest.raises(type(error)):
        kept.vault.refresh(KARI, idporten)
    assert kept.row.get("sent_at")
    kept.another().refresh(KARI, idporten)
    assert (idporten.sent, kept.row["sent_at"], kept.row["state"], kept.events) == (["r0", "r0"], None, "active", [])


def test_the_operator_may_say_that_tokens_are_reusable_until_an_answer_says_otherwise(kept: House) -> None:
    reusable = replace(KARI, refresh_tokens="reusable")
    idporten = IdPorten(UNKNOWN[1], grant("r1"), UNKNOWN[1])
    with pytest.raises(TimedOut):
        kept.vault.refresh(reusable, idporten)
    kept.vault.refresh(reusable, idporten)
    with pytest.raises(LoginNeeded):
        kept.vault.refresh(reusable, idporten)
    assert idporten.sent == ["r0", "r0", "r1"]


@pytest.mark.parametrize(("days", "state"), [(1, "revoked"), (91, "expired")])
def test_a_token_that_id_porten_takes_no_more_is_thrown_away_and_not_asked_about_again(
    kept: House, days: int, state: str
) -> None:
    kept.now += timedelta(days=days)
    idporten = IdPorten(refused("invalid_grant"))
    for _ in range(3):
        with pytest.raises(LoginNeeded, match="Log in again: dialogarkiv login kari") as told:
            kept.vault.refresh(KARI, idporten)
        assert told.value.state == state
    assert (idporten.sent, kept.row["sealed"], kept.events) == (["r0"], None, ["consent_ended"])


def test_whoever_finds_a_renewal_cut_off_by_a_crash_gives_the_consent_up_once(kept: House) -> None:
    class Killed(BaseException):
        pass

    with pytest.raises(Killed):
        kept.vault.refresh(KARI, IdPorten(Killed()))
    idporten = IdPorten()
    for _ in range(2):
        with pytest.raises(LoginNeeded) as told:
            kept.another().refresh(KARI, idporten)
        assert told.value.state == "lost"
    assert (idporten.sent, kept.events) == ([], ["consent_ended"])


def test_an_answer_that_comes_after_the_consent_was_given_up_heals_it(kept: House) -> None:
    # A database that lost its connection to us lost our lock too, so another process may come in between.
    def send(_token: str) -> Grant:
        row = kept.row
        assert kept.archive.consents.change("kari", 0, str(row["sent_at"]), {"state": "lost"})
        return grant("r1")

    kept.vault.refresh(KARI, send)
    assert (kept.row["state"], kept.row["generation"]) == ("active", 1)


def test_a_login_in_the_middle_of_a_renewal_wins(kept: House) -> None:
    def send(_token: str) -> Grant:
        kept.archive.consents.put({**kept.row, "sent_at": None, "granted_at": "2026-11-01T08:30:00.000000Z"})
        return grant("r1")

    with pytest.raises(TokenError, match="changed by somebody else"):
        kept.vault.refresh(KARI, send)
    assert kept.row["generation"] == 0


# Warnings


def test_each_warning_is_told_once_whichever_process_renews(kept: House) -> None:
    heard = []
    for day in (10, 61, 62, 77, 77.5, 84, 88, 89.5, 89.6):
        kept.now = LOGIN + timedelta(days=day)
        kept.told.clear()
        kept.another().refresh(KARI, IdPorten(grant(None)))
        heard += [(day, fields["days_left"]) for name, fields in kept.told if name == "consent_ending"]
    assert heard == [(61, 29), (77, 13), (84, 6), (88, 2), (89.5, 0)]


# A login and its end


def test_a_login_that_is_begun_or_declined_does_not_harm_the_consent_that_stands(kept: House) -> None:
    before = kept.row
    kept.vault.begin(KARI)
    kept.vault.decline(KARI)
    assert kept.row == before


def test_the_steps_of_a_first_login_can_be_seen(house: House) -> None:
    states = [house.vault.consent("kari").state]
    for step in (house.vault.begin, house.vault.decline, house.vault.begin):
        step(KARI)
        states.append(house.vault.consent("kari").state)
    house.vault.keep(KARI, grant("r0"))
    assert [*states, house.vault.consent("kari").state] == ["none", "pending", "declined", "pending", "active"]


def test_a_new_login_mends_every_end(kept: House) -> None:
    for error in (UNKNOWN[0], refused("invalid_grant")):
        with pytest.raises(LoginNeeded):
            kept.vault.refresh(KARI, IdPorten(error))
        kept.vault.keep(KARI, grant("new"))
        idporten = IdPorten(grant("newer"))
        kept.vault.refresh(KARI, idporten)
        assert idporten.sent == ["new"]


def test_nobody_takes_over_anothers_login_unasked(kept: House) -> None:
    before = kept.row
    assert "emne" not in str(before)
    with pytest.raises(TokenRefused, match="Another person than the last one logged in to kari") as told:
        kept.vault.keep(KARI, grant("hers", subject="hun"))
    assert (kept.row, told.value.exit_code, kept.told) == (before, 3, [])
    revoked: list[str] = []
    kept.vault.keep(KARI, grant("hers", subject="hun"), revoke=revoked.append)
    assert revoked == ["r0"], "nobody else could give that one back"
    with pytest.raises(TokenRefused, match="Another person"):
        kept.vault.keep(KARI, grant("r1"))


def test_who_logged_in_last_is_known_however_the_consent_ended(kept: House) -> None:
    for error in (UNKNOWN[0], refused("invalid_grant")):
        with pytest.raises(LoginNeeded):
            kept.vault.refresh(KARI, IdPorten(error))
        kept.vault.begin(KARI)
        kept.vault.decline(KARI)
        with pytest.raises(TokenRefused, match="Another person"):
            kept.vault.keep(KARI, grant("hers", subject="hun"))
        kept.vault.keep(KARI, grant("r1"))


def test_a_person_whom_another_client_knows_under_another_name_is_no_other_person(kept: House) -> None:
    anew = replace(KARI, client_id="another")
    kept.vault.keep(anew, grant("r1", subject="the same, as that client knows her"))
    with pytest.raises(TokenRefused, match="Another person"):
        kept.vault.keep(anew, grant("r2"))
    kept.vault.forget("kari")
    kept.vault.keep(KARI, grant("r3", subject=None))
    kept.vault.keep(KARI, grant("r4"), revoke=None)


def test_a_consent_that_cannot_be_given_back_does_not_hinder_who_takes_over(kept: House) -> None:
    def outage(_token: str) -> None:
        raise ConnectFailed("No connection.", context=POST)

    kept.vault.keep(KARI, grant("hers", subject="hun"), revoke=outage)
    (kept.folder / "vault.key").unlink()
    kept.vault.keep(KARI, grant("r1"), revoke=outage)
    assert kept.row["state"] == "active"


def test_a_consent_is_given_back_before_it_is_forgotten(kept: House) -> None:
    def outage(_token: str) -> None:
        raise ConnectFailed("No connection.", context=POST)

    with pytest.raises(ConnectFailed):
        kept.vault.give_back(KARI, outage)
    assert kept.row["state"] == "active"
    revoked: list[str] = []
    assert kept.vault.give_back(KARI, revoked.append)
    assert (revoked, kept.vault.consent("kari").state, kept.events) == (["r0"], "none", ["consent_forgotten"])
    assert not kept.vault.give_back(KARI, revoked.append)
    assert revoked == ["r0"]


def test_a_lost_consent_can_be_given_back_and_a_dead_one_is_just_forgotten(kept: House) -> None:
    revoked: list[str] = []
    with pytest.raises(LoginNeeded):
        kept.vault.refresh(KARI, IdPorten(UNKNOWN[0]))
    assert kept.vault.give_back(KARI, revoked.append)
    kept.vault.keep(KARI, grant("r5"))
    with pytest.raises(LoginNeeded):
        kept.vault.refresh(KARI, IdPorten(refused("invalid_grant")))
    assert kept.vault.give_back(KARI, revoked.append)
    assert revoked == ["r0"]


def test_a_login_that_is_needed_is_told_without_the_key_too(kept: House) -> None:
    with pytest.raises(LoginNeeded):
        kept.vault.refresh(KARI, IdPorten(UNKNOWN[0]))
    (kept.folder / "vault.key").unlink()
    with pytest.raises(LoginNeeded):
        kept.vault.refresh(KARI, IdPorten())


def test_forgetting_needs_neither_key_nor_id_porten(kept: House) -> None:
    (kept.folder / "vault.key").unlink()
    assert kept.vault.forget("kari")
    assert not kept.vault.forget("kari")
    with pytest.raises(LoginNeeded, match="Nobody has logged in yet"):
        kept.vault.refresh(KARI, IdPorten())


# Access tokens


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def tokens(house: House, idporten: IdPorten, clock: Callable[[], float]) -> PersonTokens:
    return PersonTokens(idporten, house.vault, KARI, monotonic=clock)


def test_an_access_token_is_used_until_its_margin_and_then_renewed(kept: House) -> None:
    clock = Clock()
    idporten = IdPorten(grant("r1", "a1", 90), grant("r2", "a2", 180))
    source = tokens(kept, idporten, clock)
    bearers = []
    for clock.now in (0, 89.9, 90, 120):
        bearers.append(source.bearer())
    assert (bearers, idporten.sent) == (["a1", "a1", "a2", "a2"], ["r0", "r1"])
    assert "a1" not in repr(source)


def test_threads_that_need_a_token_at_once_share_one_renewal(kept: House) -> None:
    asked, go = threading.Event(), threading.Event()

    class Slow(IdPorten):
        def __call__(self, token: str) -> Grant:
            asked.set()
            assert go.wait(30)
            return super().__call__(token)

    idporten = Slow(grant("r1", "a1", 90))
    source = tokens(kept, idporten, Clock())
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(source.bearer())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert asked.wait(30)
    go.set()
    for thread in threads:
        thread.join()
    assert (got, idporten.sent) == (["a1"] * 8, ["r0"])


def test_a_refused_access_token_is_replaced_and_a_late_refusal_spares_its_successor(kept: House) -> None:
    idporten = IdPorten(grant("r1", "a1"), grant("r2", "a2"))
    source = tokens(kept, idporten, Clock())
    source.invalidate(source.bearer())
    assert source.bearer() == "a2"
    source.invalidate("a1")
    assert source.bearer() == "a2"


def test_a_daemon_takes_up_a_new_login_by_itself(kept: House) -> None:
    idporten = IdPorten(refused("invalid_grant"), grant("n2", "a2"))
    source = tokens(kept, idporten, Clock())
    for _ in range(2):
        with pytest.raises(LoginNeeded):
            source.bearer()
    kept.another().keep(KARI, grant("n1"))
    assert source.bearer() == "a2"
    assert idporten.sent == ["r0", "n1"]


def test_an_answer_that_waited_for_the_archive_too_long_is_stored_and_another_is_asked_for(
    kept: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    idporten = IdPorten(grant("r1", "a1", 90), grant("r2", "a2", 300))
    source = tokens(kept, idporten, clock)
    change = type(kept.archive.consents).change

    def full(self: object, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        if "sealed" in fields:
            raise ArchiveBusy("held")
        return change(self, connection, generation, sent_at, fields)  # type: ignore[arg-type]

    monkeypatch.setattr("store.consents.Consents.change", full)
    with pytest.raises(ArchiveError):
        source.bearer()
    monkeypatch.undo()
    clock.now = 200
    assert source.bearer() == "a2"
    assert idporten.sent == ["r0", "r1"]
