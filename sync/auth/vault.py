"""The vault: persons' refresh tokens, encrypted in the archive, renewed by one thread of one process at a time.

The order of a renewal is what lets it survive a crash at any point: take the connection's lock, read the row under it,
commit that a renewal leaves (`sent_at`), send, commit the new token, and only then hand the access token out. Whoever
finds a renewal that left and has no answer sends the token again only where that is known to be allowed; else the
consent is lost, and a person is asked once to log in. No old token is ever sent after a new one may exist.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from config.errors import ConfigError
from config.events import Event
from config.vault import VaultKeys
from store.batch import Row
from store.clock import instant_text
from store.consents import Consents
from store.errors import ArchiveError
from sync.auth import consent_changes as changes
from sync.auth.consent import Consent, consent_of, hinders_renewal, is_reusable, with_client
from sync.auth.grant import Client, Grant
from sync.auth.idporten_refusals import another_person
from sync.auth.renewal_failures import Fate, fate
from sync.auth.sealing import Seal
from sync.dialogporten.errors import ArkivError, Context, LoginNeeded, TokenError, VaultShut
from sync.dialogporten.retry import Told, ignore

# A new token that cannot be stored is a consent lost, so it is tried for a while: seconds between the tries, beside
# those that the database itself waits.
STORE_PAUSES: Final = (0.2, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Renewal:
    """One renewal: the row it stands on, when it left, and what stood in `sent_at` before it."""

    client: Client
    row: Row = field(repr=False)
    consent: Consent
    sent_at: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A renewal's answer, and what is to be committed before it is used."""

    renewal: Renewal
    grant: Grant
    fields: Row = field(repr=False)


class Vault:
    """The consents of one archive; thread safe, and safe among processes. Keys are read when they are needed.

    `wait(seconds)` sleeps, and answers True when we are asked to stop. `told` hears, once, what a person should know.
    """

    def __init__(
        self,
        consents: Consents,
        keys: VaultKeys,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], bool] | None = None,
        told: Told = ignore,
    ) -> None:
        self._consents = consents
        self._keys = keys
        self._now = now
        self._wait = wait or threading.Event().wait
        self._told = told
        self._unstored: dict[str, Answered] = {}

    def consent(self, connection: str) -> Consent:
        """What is known of a connection's consent now. Needs no key."""
        return consent_of(self._consents.row(connection), connection, self._now())

    # A login

    def begin(self, client: Client) -> None:
        """Notes that a login was begun, unless a consent stands: that one stays until the new one is there."""
        self._note(client, changes.begun(client))

    def decline(self, client: Client) -> None:
        """Notes that a login was not approved, unless a consent stands."""
        self._note(client, changes.declined(client, self._now()))

    def keep(self, client: Client, grant: Grant, *, revoke: Callable[[str], None] | None = None) -> Consent:
        """Stores a login's consent in place of any other. Makes the vault's key if it lies in a file that is not there.

        TokenRefused where somebody else logged in last, unless `revoke(refresh_token)` is there: that one's consent,
        which nobody could give back any more, is then ended with it first, if that can be. VaultShut where there is no
        key to seal with; ValueError for a grant without a refresh token.
        """
        if grant.refresh_token is None:
            raise ValueError("A grant without a refresh token is nothing to keep.")
        context = self._context(client.connection)
        try:
            self._keys.make_if_missing()
        except ConfigError as error:
            raise VaultShut(
                f"The vault's key cannot be made: {error.problem} {error.remedy}", context=context
            ) from None
        sealed = Seal(self._keys, context).close(client, grant.refresh_token)
        row = {**changes.granted(client, grant, self._now()), "sealed": sealed}
        with self._consents.lock(client.connection, wait=self._wait):
            before = self._consents.row(client.connection)
            if changes.is_another(before, client, grant.subject):
                if revoke is None:
                    raise another_person(client, context)
                if before is not None and isinstance(left := before["sealed"], bytes):
                    with suppress(ArkivError):
                        revoke(Seal(self._keys, context).open(client, left))
            self._unstored.pop(client.connection, None)
            self._consents.put(row)
        self._told(
            Event.CONSENT_KEPT,
            {"connection": client.connection, "scopes": row["scopes"], "acr": grant.acr, "ends_at": row["ends_at"]},
        )
        return consent_of(row, client.connection, self._now())

    # What comes after it

    def refresh(self, client: Client, send: Callable[[str], Grant]) -> Grant:
        """A new access token; `send(refresh_token)` asks for it, once; `sync.auth.grant.Refresher` says what it raises.

        LoginNeeded when a person must log in, VaultShut when the token cannot be opened, ArchiveError when the archive
        fails, and what `send` raises where the consent is as good as before.
        """
        name = client.connection
        with self._consents.lock(name, wait=self._wait):
            row = self._consents.row(name)
            late = self._unstored.pop(name, None)
            if late is not None and row is not None and row["sent_at"] == late.renewal.sent_at:
                return self._store(late)
            renewal, token, seal = self._begin(client, row)
            try:
                grant = send(token)
            except ArkivError as error:
                told = self._failed(renewal, error)
                if told is error:
                    raise
                raise told from error
            return self._store(self._answered(renewal, grant, token, seal))

    def give_back(self, client: Client, revoke: Callable[[str], None]) -> bool:
        """Ends the consent at ID-porten with `revoke(refresh_token)`, then forgets it; False where there is none. What
        `revoke` raises leaves everything as it was.
        """
        with self._consents.lock(client.connection, wait=self._wait):
            row = self._consents.row(client.connection)
            if row is not None and isinstance(sealed := row["sealed"], bytes):
                revoke(Seal(self._keys, self._context(client.connection)).open(client, sealed))
            return self._forget(client.connection)

    def forget(self, connection: str) -> bool:
        """Forgets a consent without telling ID-porten, where it may live on; False where there is none."""
        with self._consents.lock(connection, wait=self._wait):
            return self._forget(connection)

    def rekey(self) -> int:
        """Seals every token anew with the first key; answers how many. VaultShut for one that no key opens."""
        done = 0
        for name in [str(each["connection"]) for each in self._consents.rows()]:
            with self._consents.lock(name, wait=self._wait):
                row = self._consents.row(name)
                if row is not None and isinstance(sealed := row["sealed"], bytes):
                    anew = Seal(self._keys, self._context(name)).anew(name, sealed)
                    done += self._change(name, row, _text(row["sent_at"]), {"sealed": anew})
        return done

    def _note(self, client: Client, row: Row) -> None:
        with self._consents.lock(client.connection, wait=self._wait):
            before = self.consent(client.connection)
            if before.stored != "active":
                same = (before.client_id, before.issuer) == (client.client_id, client.issuer)
                self._consents.put(row if same else {**row, "person": None})

    def _forget(self, connection: str) -> bool:
        self._unstored.pop(connection, None)
        found = self._consents.remove(connection)
        if found:
            self._told(Event.CONSENT_FORGOTTEN, {"connection": connection})
        return found

    # The steps of a renewal, all of them under the connection's lock

    def _begin(self, client: Client, row: Row | None) -> tuple[Renewal, str, Seal]:
        """The renewal, committed as under way, the token to send, and the seal. Raises before anything leaves."""
        name = client.connection
        consent = consent_of(row, name, self._now())
        state = hinders_renewal(consent, client.refresh_tokens)
        if row is not None and state == "lost" and consent.stored != "lost":
            self._end(name, row, _text(row["sent_at"]), changes.lost())
            consent = self.consent(name)
        if row is None or state is not None or not isinstance(sealed := row["sealed"], bytes):
            raise self._login_needed(consent)
        if (usable := with_client(consent, client.client_id, client.issuer)) is not consent:
            raise self._login_needed(usable)
        seal = Seal(self._keys, self._context(name))
        token = seal.open(client, sealed)
        renewal = Renewal(client, row, consent, instant_text(self._now()), _text(row["sent_at"]))
        try:
            if not self._change(name, row, renewal.before, {"sent_at": renewal.sent_at}):
                raise self._changed(name)
        except ArchiveError:
            # Nothing has left: what may have been committed all the same is taken back.
            with suppress(ArchiveError):
                self._change(name, row, renewal.sent_at, {"sent_at": renewal.before})
            raise
        return renewal, token, seal

    def _answered(self, renewal: Renewal, grant: Grant, token: str, seal: Seal) -> Answered:
        consent = renewal.consent
        newer = token if grant.refresh_token is None else grant.refresh_token
        fields: Row = {
            **changes.refreshed(consent, renewal.client, grant, self._now()),
            "rotates": newer != token or consent.rotates is True,
            "sealed": seal.close(renewal.client, newer),
        }
        after = consent_of({**renewal.row, **fields}, consent.connection, self._now())
        if after.warning is not None and (after.warned is None or after.warning < after.warned):
            fields["warned_days"] = after.warning
        return Answered(renewal, grant, fields)

    def _store(self, answered: Answered) -> Grant:
        """The grant, once its refresh token is safe; one that cannot be stored waits in memory for the next call."""
        renewal, fields = answered.renewal, answered.fields
        name = renewal.client.connection
        try:
            stored = self._persist(name, renewal.row, renewal.sent_at, fields)
        except ArchiveError:
            self._unstored[name] = answered
            raise
        if not stored:
            raise self._changed(name)
        if "warned_days" in fields:
            self._tell(Event.CONSENT_ENDING, consent_of({**renewal.row, **fields}, name, self._now()))
        return answered.grant

    def _failed(self, renewal: Renewal, error: ArkivError) -> ArkivError:
        """Records what became of a renewal that brought no token; answers the error to raise."""
        name, row, consent = renewal.client.connection, renewal.row, renewal.consent
        note: Row = {"error": error.sentence, "error_at": instant_text(self._now())}
        what = fate(error)
        if what is Fate.UNUSED:
            self._persist(name, row, renewal.sent_at, {**note, "sent_at": renewal.before})
            return error
        if what is Fate.UNKNOWN and is_reusable(consent.rotates, renewal.client.refresh_tokens):
            self._persist(name, row, renewal.sent_at, note)
            return error
        change = changes.ended(consent) if what is Fate.DEAD else changes.lost()
        self._end(name, row, renewal.sent_at, {**note, **change})
        return self._login_needed(self.consent(name), error.status)

    def _end(self, name: str, row: Row, sent_at: str | None, fields: Row) -> None:
        """Ends a consent in the archive, and tells so once: whoever comes later finds it ended."""
        if self._persist(name, row, sent_at, fields):
            self._tell(Event.CONSENT_ENDED, consent_of({**row, **fields}, name, self._now()))

    def _persist(self, name: str, row: Row, sent_at: str | None, fields: Row) -> bool:
        """`_change` with patience; the last ArchiveError where that does not help."""
        for pause in STORE_PAUSES:
            try:
                return self._change(name, row, sent_at, fields) or self._stands(name, fields)
            except ArchiveError:
                self._wait(pause)
        return self._change(name, row, sent_at, fields) or self._stands(name, fields)

    def _change(self, name: str, row: Row, sent_at: str | None, fields: Row) -> bool:
        return self._consents.change(name, int(row["generation"] or 0), sent_at, fields)

    def _stands(self, name: str, fields: Row) -> bool:
        """Whether the row is so already: a commit whose answer was lost may have worked."""
        row = self._consents.row(name)
        return row is not None and all(row[key] == value for key, value in fields.items())

    def _login_needed(self, consent: Consent, status: int | None = None) -> LoginNeeded:
        sentence = f"{consent.sentence} {consent.remedy}".strip()
        return LoginNeeded(sentence, state=consent.state, context=self._context(consent.connection), status=status)

    def _changed(self, name: str) -> TokenError:
        return TokenError(
            f"The login of {name} was changed by somebody else in the middle of a renewal. The next run uses what "
            "stands there now.",
            context=self._context(name),
            who="nobody",
        )

    def _tell(self, event: Event, consent: Consent) -> None:
        self._told(
            event,
            {
                "connection": consent.connection,
                "state": consent.state,
                "days_left": consent.days_left,
                "what": consent.sentence,
                "remedy": consent.remedy,
            },
        )

    def _context(self, connection: str) -> Context:
        return Context(at=self._now(), connection=connection, server="ID-porten")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
