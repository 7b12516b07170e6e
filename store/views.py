"""The views: the public contract for everybody who asks the archive with SQL.

One text for both engines. They are dropped before every migration and made again after it, in the same transaction, so
a migration may change the tables under them; a changed view needs a new revision, or standing archives keep the old.
"""

# ruff: noqa: S608 - every text below is fixed

from __future__ import annotations

# `urn:altinn:organization:identifier-no:310000000` → `310000000`: the kinds of party a server knows (reference:
# end-user API §3.2).
_NUMBER = """replace(replace(replace(replace(d.party,
        'urn:altinn:organization:identifier-no:', ''), 'urn:altinn:person:identifier-no:', ''),
        'urn:altinn:person:idporten-email:', ''), 'urn:altinn:person:legacy-selfidentified:', '')"""

_PARTY_NAME = f"coalesce(p.name, {_NUMBER})"

_SENDER = "coalesce(nullif(d.sender_name, ''), d.org)"

_LABELLED = "EXISTS (SELECT 1 FROM label AS l WHERE l.dialog_id = e.dialog_id AND l.label = '{}')"

_FOLDER = "SELECT e.* FROM everything AS e WHERE e.presence = 'present' AND "

_STANDING = "EXISTS (SELECT 1 FROM dialog AS d WHERE d.id = {}.dialog_id AND d.presence = 'present')"

# In the order in which they build on each other.
VIEWS: dict[str, str] = {
    "everything": f"""
SELECT
    d.id AS dialog_id,
    d.party,
    {_PARTY_NAME} AS party_name,
    d.org,
    {_SENDER} AS sender,
    d.service_resource,
    d.title,
    d.summary,
    d.status,
    d.extended_status,
    d.created_at,
    d.updated_at,
    d.content_updated_at,
    d.due_at,
    d.expires_at,
    NOT d.is_content_seen AS unread,
    d.presence,
    v.needs_attention,
    v.next_step,
    v.actor,
    v.deadline,
    d.is_api_only,
    d.access,
    d.delegated,
    d.opened_at,
    d.first_seen_at,
    d.last_changed_at
FROM dialog AS d
LEFT JOIN party AS p ON p.urn = d.party
LEFT JOIN verdict AS v ON v.dialog_id = d.id""",
    "inbox": f"{_FOLDER}coalesce(e.status, '') <> 'Draft' AND {_LABELLED.format('Default')}",
    "drafts": f"{_FOLDER}e.status = 'Draft' AND {_LABELLED.format('Default')}",
    "sent": f"{_FOLDER}{_LABELLED.format('Sent')} AND {_LABELLED.format('Default')}",
    "archive": f"{_FOLDER}{_LABELLED.format('Archive')}",
    "bin": f"{_FOLDER}{_LABELLED.format('Bin')}",
    "due": f"{_FOLDER}e.due_at IS NOT NULL AND coalesce(e.status, '') NOT IN ('Completed', 'Awaiting')",
    "attention": f"""
SELECT
    a.dialog_id,
    d.party,
    {_PARTY_NAME} AS party_name,
    d.org,
    d.title,
    a.next_step,
    a.actor,
    a.deadline,
    a.reasons,
    coalesce(a.because_nb, a.because_en) AS because,
    a.opened_at,
    a.because_en,
    a.snoozed_until,
    a.id AS item_id,
    a.changed_at
FROM attention_item AS a
JOIN dialog AS d ON d.id = a.dialog_id
LEFT JOIN party AS p ON p.urn = d.party
WHERE a.closed_at IS NULL AND d.presence = 'present'""",
    "actions": f"""
SELECT
    a.dialog_id,
    a.id AS action_id,
    a.name,
    a.action,
    a.is_authorized,
    e.http_method AS method,
    e.url,
    e.version,
    e.deprecated,
    e.sunset_at,
    e.documentation_url,
    e.id AS endpoint_id
FROM api_endpoint AS e
JOIN api_action AS a ON a.id = e.action_id
WHERE e.removed_at IS NULL AND a.removed_at IS NULL AND {_STANDING.format("a")}""",
    "letters": f"""
SELECT
    t.id AS transmission_id,
    t.dialog_id,
    d.party,
    t.type,
    t.title,
    t.summary,
    coalesce(nullif(t.sender_name, ''), CASE t.sender_type
        WHEN 'ServiceOwner' THEN {_SENDER}
        WHEN 'PartyRepresentative' THEN {_PARTY_NAME} END) AS sender,
    t.created_at,
    t.related_transmission_id,
    t.is_authorized,
    t.removed_at
FROM transmission AS t
JOIN dialog AS d ON d.id = t.dialog_id
LEFT JOIN party AS p ON p.urn = d.party""",
    "history": """
SELECT c.dialog_id, c.seen_at, c.what, c.before, c.after, c.id AS change_id
FROM change AS c""",
}

FOLDERS = ("inbox", "drafts", "sent", "archive", "bin")
DIALOG_VIEWS = (*FOLDERS, "due", "everything")


def create_statements() -> list[str]:
    """What makes every view, in order."""
    return [f"CREATE VIEW {name} AS {body.strip()}" for name, body in VIEWS.items()]


def drop_statements() -> list[str]:
    """What takes every view away where it stands, the ones that build on others first."""
    return [f"DROP VIEW IF EXISTS {name}" for name in reversed(VIEWS)]
