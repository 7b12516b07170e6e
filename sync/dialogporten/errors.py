"""The one error tree. Every failure of a call to the outside world is a member; each says who must act.

    ArkivError
    ├── TokenError                     no usable token
    │   ├── TokenRefused      operator   Maskinporten refused the grant: `code`, `permanent`
    │   ├── LoginNeeded       user       a person must log in, or log in again: `state` of the consent
    │   ├── ExchangeRefused   operator   Altinn's exchange gave no token; `passing`: it may be an outage of Altinn's
    │   ├── VaultShut         operator   what is sealed in the vault cannot be opened with the keys we have
    │   └── ClockSkew         operator   our clock is off by more than a minute: nothing is signed
    ├── Unreachable           server     no complete answer came
    │   ├── ConnectFailed     server     no connection, or it broke before an answer
    │   ├── TimedOut          server     the answer did not come in time
    │   ├── CutBody           server     the answer broke off: nothing of it is used
    │   └── TooLarge          operator   the answer is larger than `limits.response_bytes`
    ├── ServerDown            server     it failed so often in a row that it was not asked: ends the pass
    ├── HttpRefusal                    a complete answer, and it is no
    │   ├── BadRequest        us         400, 406, 413: our bug, never retried
    │   ├── NotAuthenticated  operator   401
    │   ├── WrongScope        operator   403 without a body: the token lacks the scope
    │   ├── WrongUser         operator   403 with key Type: the token carries no user Dialogporten knows
    │   ├── DialogForbidden   user       403 on one dialog: no right to it
    │   ├── LevelTooLow       user       403 on one dialog: it asks for a higher authentication level
    │   ├── NotFound          nobody     404 on one dialog: `reason` is unknown, hidden (`visible_from`) or expired
    │   ├── Gone              nobody     410: deleted by its service owner
    │   ├── Conflict          nobody     409: somebody else changed the label at the same time
    │   ├── Outdated          nobody     412: the revision we sent is no longer the latest
    │   ├── TooBroad          nobody     422: the search took too long; ask for less
    │   ├── Busy              server     429, 503: `retry_after` seconds
    │   ├── BadGateway        server     502, 504, 408: something behind or in front of Dialogporten failed
    │   ├── ServerFault       server     500; may be permanent for one dialog
    │   ├── Redirected        operator   3xx: never followed; names the target host
    │   └── Unexpected        operator   any other answer, often from a proxy or gateway in between
    ├── BadBody               server     200, but not what the API promises
    │   └── NotTheApi         operator   200 and no JSON at all: a login page or a proxy in Dialogporten's place
    ├── HeldBack              server     an opening that does not leave: a mark might be lost by it
    ├── HostNotAllowed        operator   the address is not one of this environment's
    └── Stopped               nobody     we were asked to stop

Each carries `at` (UTC), `status`, `trace_id`, `connection`, `party`, `dialog_id`, `url_path` (never a query).
`str()` is for a person: what happened, what to do, and the facts a service desk asks for. No token, key or national
id is in it. `exit_code` is the command's exit code when this failure alone ended it. `left` is False where the request
certainly never reached anybody: what may be sent only once may then be sent after all.
"""

from datetime import datetime
from typing import Final, Literal

from sync.dialogporten.failure import ArkivError as ArkivError
from sync.dialogporten.failure import Context as Context
from sync.dialogporten.failure import Who as Who

Reason = Literal["unknown", "hidden", "expired"]


class TokenError(ArkivError):
    """No usable token."""

    who: Who = "operator"
    exit_code = 3


class TokenRefused(TokenError):
    """Maskinporten refused the grant. `code`: `MP-…`, else the OAuth error; `permanent`: asking again is no use."""

    def __init__(
        self,
        sentence: str,
        *,
        code: str,
        permanent: bool,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
        who: Who | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id, who=who)
        self.code = code
        self.permanent = permanent


class LoginNeeded(TokenError):
    """A person must log in: nobody has, the consent is over, or the answer to its renewal was lost. `state`: which."""

    who = "user"

    def __init__(self, sentence: str, *, state: str, context: Context | None = None, status: int | None = None) -> None:
        super().__init__(sentence, context=context, status=status)
        self.state = state


class ExchangeRefused(TokenError):
    """Altinn's token exchange gave no token. `passing`: the same answer stands for an outage of Altinn's own."""

    def __init__(
        self,
        sentence: str,
        *,
        passing: bool,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id)
        self.passing = passing


class VaultShut(TokenError):
    """What is sealed in the vault cannot be opened: its key is missing, or another one."""

    exit_code = 2
    left = False


class ClockSkew(TokenError):
    """Our clock is off by `seconds` (positive: ahead of the server); a grant signed now would be refused."""

    exit_code = 2
    left = False

    def __init__(self, sentence: str, *, seconds: float, context: Context | None = None) -> None:
        super().__init__(sentence, context=context)
        self.seconds = seconds


class Unreachable(ArkivError):
    """No complete answer came."""

    who: Who = "server"
    exit_code = 5


class ConnectFailed(Unreachable):
    """No connection, or it broke before an answer."""


class TimedOut(Unreachable):
    """The answer did not come in time."""


class CutBody(Unreachable):
    """The answer broke off; nothing of it is used."""


class TooLarge(Unreachable):
    """The answer is larger than the operator allows; reading stopped there."""

    who = "operator"
    exit_code = 4


class ServerDown(ArkivError):
    """Not asked: request after request failed, and the server is left alone for a while. No failure of one dialog."""

    who = "server"
    exit_code = 5


class HttpRefusal(ArkivError):
    """A complete answer, and it is no."""


class BadRequest(HttpRefusal):
    """400, 406, 413: our bug. `keys` names the arguments that were refused."""

    who = "us"
    exit_code = 1

    def __init__(
        self,
        sentence: str,
        *,
        keys: tuple[str, ...] = (),
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id)
        self.keys = keys


class NotAuthenticated(HttpRefusal):
    """401: the token is missing, malformed, expired or of an unknown issuer."""

    who = "operator"
    exit_code = 3


class WrongScope(HttpRefusal):
    """403 without a body: the token lacks `digdir:dialogporten`."""

    who = "operator"
    exit_code = 3


class WrongUser(HttpRefusal):
    """403 with key Type: the token carries no user that Dialogporten knows."""

    who = "operator"
    exit_code = 3


class DialogForbidden(HttpRefusal):
    """403 on one dialog: no right to it."""

    who = "user"


class LevelTooLow(HttpRefusal):
    """403 on one dialog: it asks for a higher authentication level than the token has. Stable, not transient."""

    who = "user"


class NotFound(HttpRefusal):
    """404 on one dialog. `reason`: unknown (or purged, or no access), hidden until `visible_from`, or expired."""

    def __init__(
        self,
        sentence: str,
        *,
        reason: Reason = "unknown",
        visible_from: datetime | None = None,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id)
        self.reason: Reason = reason
        self.visible_from = visible_from

    @property
    def expired(self) -> bool:
        return self.reason == "expired"


class Gone(HttpRefusal):
    """410: deleted by its service owner; it may be restored."""


class Conflict(HttpRefusal):
    """409: somebody else wrote at the same time."""


class Outdated(HttpRefusal):
    """412: the revision we sent with `If-Match` is no longer the latest."""


class TooBroad(HttpRefusal):
    """422: the search hit the server's time limit; ask for less and try again."""


class Busy(HttpRefusal):
    """429 or 503: wait `retry_after` seconds (None: the server did not say) with every request of this client id."""

    who = "server"
    exit_code = 5

    def __init__(
        self,
        sentence: str,
        *,
        retry_after: float | None = None,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id)
        self.retry_after = retry_after


class BadGateway(HttpRefusal):
    """502, 504, 408: something behind or in front of the server failed."""

    who = "server"
    exit_code = 5


class ServerFault(HttpRefusal):
    """500 and its unnamed neighbours; for one dialog it may be permanent."""

    who = "server"
    exit_code = 5


class Redirected(HttpRefusal):
    """3xx: not followed, because a bearer must not travel. `target` is the host it pointed at."""

    who = "operator"

    def __init__(
        self,
        sentence: str,
        *,
        target: str,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(sentence, context=context, status=status, trace_id=trace_id)
        self.target = target


class Unexpected(HttpRefusal):
    """An answer that the server's documentation does not know; often a proxy or gateway in between."""

    who = "operator"


class BadBody(ArkivError):
    """A 200 whose body is not what the API promises."""

    who: Who = "server"


class NotTheApi(BadBody):
    """A 200 that is no JSON at all: somebody else answers in Dialogporten's place, whatever is asked."""

    who = "operator"
    exit_code = 5


class HeldBack(ArkivError):
    """An opening does not leave: the marks that others took could not be put back, or what the list shows of it now
    cannot be seen.
    """

    who: Who = "server"
    left = False


class HostNotAllowed(ArkivError):
    """The address is not one of the configured environment's, so no token goes there."""

    who = "operator"
    exit_code = 2
    left = False


class Stopped(ArkivError):
    """We were asked to stop while waiting or reading."""

    exit_code = 4


# What one dialog can do to a request without the others, the token or the line being to blame. A 400 too: our bug, or
# the server's, on one dialog must not keep the rest of its mailbox from being read.
OF_ONE_DIALOG: Final = (
    BadBody,
    BadGateway,
    BadRequest,
    Busy,
    Conflict,
    HeldBack,
    Outdated,
    ServerFault,
    TooBroad,
    Unexpected,
    Unreachable,
)


def is_passing(error: object) -> bool:
    """Whether the failure tells of the server or the line as they are now. A dialog that is too large stays so."""
    return isinstance(error, (Unreachable, Busy, BadGateway, NotTheApi)) and not isinstance(error, TooLarge)
