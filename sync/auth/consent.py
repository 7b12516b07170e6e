"""A person's consent as a state machine with a clock. Pure: rows and times in, what holds and what to do out.

    none ─ a login is begun ─> pending ─ approved ─> active ─ the end is near ─> expiring ─ it is there ─> expired
                                  └─ not approved ─> declined    ├─ its token is taken no more ─> expired, revoked
                                                                 └─ the answer to a renewal was lost ─> lost

A login leads to active from any state. `expiring`, and `expired` by the clock, are not stored: they follow from the
time. The clock alone ends nothing, it warns; what ends a consent is ID-porten's answer (reference: auth §4.2, §4.6).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, cast

from config.connections import RefreshTokens
from store.batch import Row, Value

Stored = Literal["none", "pending", "active", "declined", "expired", "revoked", "lost"]
State = Literal[Stored, "expiring"]
EndsFrom = Literal["answer", "configured"]

WARNINGS: Final = (30, 14, 7, 3, 1)
DAY: Final = timedelta(days=1)
# The part of a consent of hours in which it counts as expiring; it has no warning in days, so that one is number 0.
LAST_PART: Final = 3
# Longer than a renewal can be under way.
OVERDUE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Consent:
    """What was known of one connection's consent at the moment `now`. Holds no secret.

    `ends_at` is None where nobody told; `idle_until` is when the login dies if it is not renewed. `rotates`: whether
    ID-porten gives a new refresh token at each renewal, None before the first. `sent_at`: a renewal left then, and its
    answer is not stored. `warned`: the last warning that was told.
    """

    connection: str
    now: datetime
    stored: Stored = "none"
    client_id: str | None = None
    issuer: str | None = None
    scopes: tuple[str, ...] = ()
    acr: str | None = None
    granted_at: datetime | None = None
    ends_at: datetime | None = None
    ends_from: EndsFrom | None = None
    idle_until: datetime | None = None
    refreshed_at: datetime | None = None
    generation: int = 0
    rotates: bool | None = None
    sent_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None
    warned: int | None = None

    @property
    def state(self) -> State:
        """What is stored, seen by the clock."""
        if self.stored != "active":
            return self.stored
        if any(end is not None and end <= self.now for end in (self.ends_at, self.idle_until)):
            return "expired"
        return "active" if self.warning is None else "expiring"

    @property
    def in_doubt(self) -> bool:
        """Whether a renewal is under way, or was cut off: only the next one can tell."""
        return self.sent_at is not None

    @property
    def remaining(self) -> timedelta | None:
        """Time until `ends_at`, never negative; None where that is not known."""
        return None if self.ends_at is None else max(self.ends_at - self.now, timedelta(0))

    @property
    def days_left(self) -> int | None:
        """Whole days until `ends_at`; None where that is not known."""
        return None if self.remaining is None else self.remaining // DAY

    @property
    def warning(self) -> int | None:
        """Which warning is due: the fewest days of `WARNINGS` that are not left any more, 0 in the last part of a
        consent of a day at most; None while the end is far or not known.
        """
        if self.remaining is None:
            return None
        whole = None if self.granted_at is None or self.ends_at is None else self.ends_at - self.granted_at
        if whole is not None and whole <= DAY:
            return 0 if self.remaining <= whole / LAST_PART else None
        # A consent of ten days is not about to end on its first.
        due = [days for days in WARNINGS if self.remaining <= days * DAY and (whole is None or days * DAY < whole)]
        return min(due, default=None)

    @property
    def sentence(self) -> str:
        """What is so, for a person."""
        cut = self.stored == "active" and self.sent_at is not None and self.now - self.sent_at > OVERDUE
        return f"{self._what_is_so()}{_CUT if cut and self.rotates is not False else ''}"

    def _what_is_so(self) -> str:
        match self.state:
            case "none" if self.client_id is not None:
                return "The login was to another client or ID-porten than the settings name now."
            case "none":
                return "Nobody has logged in yet."
            case "pending":
                return "A login was begun and not finished."
            case "declined":
                return "The consent was not given at the latest login."
            case "lost":
                return "The answer to a renewal of the login was lost, and its token may not be sent a second time."
            case "revoked":
                return "ID-porten takes the consent no more: it was withdrawn, or its time is over."
            case "expired" if self.ends_at is not None and self.ends_at <= self.now:
                return f"The consent ended {_moment(self.ends_at)}."
            case "expired" if self.idle_until is not None and self.idle_until <= self.now:
                return f"The login was not renewed before {_moment(self.idle_until)}, and ended."
            case "expired":
                return "The consent has ended."
            case "expiring":
                assert self.ends_at is not None
                return f"The consent ends in {_long(self.remaining)} ({_moment(self.ends_at)})."
            case "active":
                if self.ends_at is None:
                    return "The consent is valid; ID-porten does not tell how long."
                return f"The consent is valid for {_long(self.remaining)} more, until {_moment(self.ends_at)}."

    @property
    def remedy(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        command = f"dialogarkiv login {self.connection}"
        match self.state:
            case "active" if self.ends_at is None:
                return (
                    "Set authorization_lifetime on the connection, as its client is registered, to be warned in time."
                )
            case "active":
                return ""
            case "expiring":
                return f"Log in again before that: {command}"
            case "none" | "pending":
                return f"Log in: {command}"
            case "declined":
                return f"Log in again and approve: {command}"
            case _:
                return f"Log in again: {command}"


def consent_of(row: Row | None, connection: str, now: datetime) -> Consent:
    """A row of table `consent`, or its absence, as it is at `now`."""
    if row is None:
        return Consent(connection, now)
    return Consent(
        connection,
        now,
        stored=cast(Stored, row["state"]),
        client_id=_text(row["client_id"]),
        issuer=_text(row["issuer"]),
        scopes=tuple((_text(row["scopes"]) or "").split()),
        acr=_text(row["acr"]),
        granted_at=_time(row["granted_at"]),
        ends_at=_time(row["ends_at"]),
        ends_from=cast("EndsFrom | None", row["ends_from"]),
        idle_until=_time(row["idle_until"]),
        refreshed_at=_time(row["refreshed_at"]),
        generation=int(row["generation"] or 0),
        rotates=None if row["rotates"] is None else bool(row["rotates"]),
        sent_at=_time(row["sent_at"]),
        error=_text(row["error"]),
        error_at=_time(row["error_at"]),
        warned=None if row["warned_days"] is None else int(row["warned_days"]),
    )


def with_client(consent: Consent, client_id: str, issuer: str) -> Consent:
    """The consent as a connection with this client may use it: one that another client got is none."""
    if consent.client_id is None or (consent.client_id, consent.issuer) == (client_id, issuer):
        return consent
    return replace(consent, stored="none")


def is_reusable(rotates: bool | None, told: RefreshTokens | None) -> bool:
    """Whether a refresh token may be sent a second time: only if seen or told so, and nothing speaks against it."""
    return told != "one-time" and rotates is not True and (rotates is False or told == "reusable")


def hinders_renewal(consent: Consent, told: RefreshTokens | None) -> Stored | None:
    """The state in which a person must log in before anything can be asked; None when a renewal may be sent."""
    if consent.stored != "active":
        return consent.stored
    return "lost" if consent.sent_at is not None and not is_reusable(consent.rotates, told) else None


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _time(value: Value) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


_CUT: Final = " But its latest renewal was cut off: the next run tells whether a new login is needed."


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")


def _long(remaining: timedelta | None) -> str:
    left = remaining or timedelta(0)
    if left >= 2 * DAY:
        return f"{left // DAY} days"
    hours = left // timedelta(hours=1)
    return f"{hours} hours" if hours >= 2 else f"{left // timedelta(minutes=1)} minutes"
