"""Everything the program may log: a closed list of events, each with its meaning.

A new event is a new line here; `config.logging.EventLog` takes nothing else. Fields are free, but never hold a
token, a key or a national id.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """`Event.PAGE_READ == "page_read"`; `.meaning` is one line for the reference."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Event:
        event = str.__new__(cls, name)
        event._value_ = name
        event.meaning = meaning
        return event

    # the program
    SETTINGS_WARNING = "settings_warning", "The settings can be used, but something in them should be mended."
    DAEMON_STARTED = "daemon_started", "The daemon runs; its schedule is in the fields."
    DAEMON_STOPPING = "daemon_stopping", "The daemon was asked to stop and finishes what is under way."
    DAEMON_STOPPED = "daemon_stopped", "The daemon has stopped."
    LIBRARY = "library", "A library had something to say; its logger and message are in the fields."
    BUG = "bug", "Something happened that should be impossible; please report it with the traceback."

    # the archive
    ARCHIVE_CREATED = "archive_created", "A new, empty archive was made."
    ARCHIVE_UPGRADED = "archive_upgraded", "The archive's tables were brought up to this version."
    ARCHIVE_BUSY = "archive_busy", "Another run holds the archive; this one did nothing."

    # one run
    RUN_STARTED = "run_started", "A sync run began."
    RUN_FINISHED = "run_finished", "A sync run ended; counts, duration and outcome are in the fields."
    RUN_SKIPPED = "run_skipped", "A run was due while the one before was still at work."
    CONNECTION_FAILED = "connection_failed", "A connection could not be used; the others go on."
    MAILBOX_STARTED = "mailbox_started", "Reading of a mailbox began; the first backfill says so."
    MAILBOX_FINISHED = "mailbox_finished", "A mailbox was read to its end."
    MAILBOX_FAILED = "mailbox_failed", "A mailbox could not be read; its cursor stands where it was."
    PARTY_FOUND = "party_found", "A party is seen for the first time through this connection."
    PARTY_LOST = "party_lost", "A party is no longer among those the connection may see."
    PARTY_MALFORMED = "party_malformed", "An entry of the party list cannot be searched; it was left out."
    PARTY_RETURNED = "party_returned", "A lost party can be seen again."
    PAGE_READ = "page_read", "One page of the list was read and stored."
    WALK_NARROWED = "walk_narrowed", "The server found a search too broad; it is asked in smaller parts."
    WALK_SPLIT = "walk_split", "A search failed for several parties; it is made again for half of them each."
    DIALOG_QUARANTINED = "dialog_quarantined", "One item could not be understood; its bytes are kept aside."
    DIALOG_RELEASED = "dialog_released", "A quarantined dialog could be read after all."
    DIALOG_DELEGATED = "dialog_delegated", "An item of a party that was not asked for: that dialog alone is delegated."
    OPENING = "opening", "A dialog is about to be opened, as the opening policy allows."
    DUTY_SETTLED = "duty_settled", "What an opening owed is settled; its outcome tells whether the unread mark is back."
    DUTY_STANDS = "duty_stands", "An unread mark that an opening took away is not back yet; it is tried again."
    DUTY_FAILED = "duty_failed", "An unread mark that an opening took away could not be put back; it is given up."
    OPENING_REFUSED = "opening_refused", "The server refused the details of a dialog."
    SWEEP_FINISHED = "sweep_finished", "A mailbox was listed in full and compared with the archive."
    ABSENCE_HELD = "absence_held", "Too many dialogs are missing at once; nothing is marked absent until released."
    EVALUATED = "evaluated", "Dialogs were judged; how many, and what happened to attention items, is in the fields."
    EVALUATION_FAILED = "evaluation_failed", "One dialog could not be judged; please report it. It is tried again."

    # the other side
    HTTP_ANSWER = "http_answer", "The server answered; path, status, size and time are in the fields."
    LIMITS_UNREADABLE = "limits_unreadable", "The server's limits could not be read; the usual ones are taken."
    LEVELS_UNREADABLE = "levels_unreadable", "The services' minimum levels could not be read; single dialogs tell."
    GRANT_REPEATED = "grant_repeated", "A token was refused for a passing reason and is asked for once more."
    TOKEN_GRANTED = "token_granted", "A new access token was had; kid, scopes and lifetime are in the fields."
    TOKEN_EXCHANGED = "token_exchanged", "Altinn gave a token of its own for ours; its lifetime is in the fields."
    TOKEN_REFUSED = "token_refused", "The issuer refused a token; its code and what to do are in the fields."
    CONSENT_KEPT = "consent_kept", "A person logged in and approved; what, and until when, is in the fields."
    CONSENT_ENDING = "consent_ending", "A person's consent ends soon; days left and what to do are in the fields."
    CONSENT_ENDED = "consent_ended", "A person's consent can no longer be used; why and what to do is in the fields."
    CONSENT_FORGOTTEN = "consent_forgotten", "A person's login was taken out of the vault."
    KEY_REFUSED = "key_refused", "A key was refused, and the connection's other key was taken; both kids are told."
    KEY_OLD = "key_old", "A key is near the end of its year, or past it; what to do is in the fields."
    CLOCK_AGREES = "clock_agrees", "This machine's clock and the server's agree again."
    CLOCK_SKEWED = "clock_skewed", "This machine's clock and the server's differ by more than 10 seconds."
    REQUEST_REFUSED = "request_refused", "The server refused a request; status and trace id are in the fields."
    REQUEST_RETRIED = "request_retried", "A request failed in passing and is tried again after a pause."
    THROTTLED = "throttled", "The server asked for a pause; every request of that client waits."
    SERVER_DOWN = "server_down", "Request after request failed; the server is left alone for a while."
    SERVER_BACK = "server_back", "The server answers again."
    RESPONSE_DISCARDED = "response_discarded", "An answer was cut off or too large and was not used."
    UNKNOWN_VALUE = "unknown_value", "The server sent a value this version does not know; it is kept as spelled."

    # the sandbox
    SANDBOX_STARTED = "sandbox_started", "The sandbox listens; its address is in the fields."
    SANDBOX_STOPPED = "sandbox_stopped", "The sandbox has stopped."
