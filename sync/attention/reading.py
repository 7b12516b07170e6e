"""From wire-shaped JSON to a `Subject`: an opened dialog, a never-opened one, or one whose details were refused.

Missing, null and empty lists mean the same. Unknown fields and enum values pass; a value of the wrong JSON type is
read as missing, so one strange field of one producer never costs the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sync.attention.evidence import (
    BEGINNING,
    Activity,
    ApiAction,
    Attachment,
    AttachmentUrl,
    Endpoint,
    GuiAction,
    Reference,
    Refusal,
    Subject,
    Texts,
    Transmission,
)

Json = Mapping[str, object]
NOTHING: Json = {}
NO_TEXTS = Texts()
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
LONGEST_TEXT = 4_000  # characters of one text; what producers write is far shorter


def instant(value: object) -> datetime | None:
    """A wire timestamp as aware UTC time; None when missing or malformed. The first and the last moment that a calendar
    has are somebody's "never", whatever their offset.
    """
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        return FIRST if read.year == 1 else LAST


def text(value: object) -> str:
    """A wire string; empty when missing."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Json:
    """A wire object; empty when missing."""
    return value if isinstance(value, dict) else NOTHING


def objects(value: object) -> list[Json]:
    """A wire list of objects; empty when missing."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def count(value: object) -> int:
    """A wire number; 0 when missing."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def texts(localizations: object) -> Texts:
    """A list of localizations as Texts."""
    found = sorted(
        (text(each.get("languageCode")), text(each.get("value"))[:LONGEST_TEXT]) for each in objects(localizations)
    )
    return Texts(tuple(found)) if found else NO_TEXTS


def content_texts(content: Json, part: str) -> Texts:
    """One part of `content` (title, summary …)."""
    return texts(mapping(content.get(part)).get("value"))


def reference(value: object) -> Reference | None:
    """A content reference; None when there is none."""
    found = mapping(value)
    urls = tuple(sorted(text(each.get("value")) for each in objects(found.get("value"))))
    return Reference(urls, found.get("isAuthorized") is not False) if urls else None


def attachment(value: Json) -> Attachment:
    """An attachment with its addresses in a fixed order."""
    urls = (AttachmentUrl(text(each.get("url")), text(each.get("consumerType"))) for each in objects(value.get("urls")))
    return Attachment(tuple(sorted(urls, key=lambda each: (each.consumer, each.url))), instant(value.get("expiresAt")))


def transmission(value: Json, opened: frozenset[str]) -> Transmission:
    """A transmission; `opened` holds the ids that the activity log tells as opened."""
    content = mapping(value.get("content"))
    sender = mapping(value.get("sender"))
    identity = text(value.get("id"))
    return Transmission(
        id=identity,
        type=text(value.get("type")),
        at=instant(value.get("createdAt")) or BEGINNING,
        extended_type=text(value.get("extendedType")),
        related=text(value.get("relatedTransmissionId")),
        by_service_owner=text(sender.get("actorType")) != "PartyRepresentative",
        opened=identity in opened,
        authorized=value.get("isAuthorized") is not False,
        title=content_texts(content, "title"),
        content=reference(content.get("contentReference")),
        attachments=tuple(attachment(each) for each in objects(value.get("attachments"))),
    )


def activity(value: Json) -> Activity:
    """An activity; the actor is unknown where the list endpoint left it out."""
    actor = text(mapping(value.get("performedBy")).get("actorType"))
    return Activity(
        id=text(value.get("id")),
        type=text(value.get("type")),
        at=instant(value.get("createdAt")) or BEGINNING,
        transmission=text(value.get("transmissionId")),
        by_service_owner=(actor == "ServiceOwner") if actor else None,
    )


def api_action(value: Json) -> ApiAction:
    """An API action with its endpoints."""
    return ApiAction(
        id=text(value.get("id")),
        action=text(value.get("action")),
        name=text(value.get("name")),
        authorized=value.get("isAuthorized") is True,
        endpoints=tuple(
            Endpoint(
                method=text(each.get("httpMethod")).upper(),
                url=text(each.get("url")),
                deprecated=each.get("deprecated") is True,
                sunset_at=instant(each.get("sunsetAt")),
                version=text(each.get("version")),
                documentation_url=text(each.get("documentationUrl")),
                request_schema=text(each.get("requestSchema")),
                response_schema=text(each.get("responseSchema")),
            )
            for each in objects(value.get("endpoints"))
        ),
    )


def gui_action(value: Json) -> GuiAction:
    """A button for people."""
    return GuiAction(
        id=text(value.get("id")),
        action=text(value.get("action")),
        url=text(value.get("url")),
        attribute=text(value.get("authorizationAttribute")),
        authorized=value.get("isAuthorized") is True,
        deletes=value.get("isDeleteDialogAction") is True,
        priority=text(value.get("priority")),
        method=text(value.get("httpMethod")).upper(),
        title=texts(value.get("title")),
    )


def by_id(*newest_first: Iterable[Json]) -> dict[str, Json]:
    """Children by id: nothing is lost between an older and a newer list, and the newer spelling wins."""
    found: dict[str, Json] = {}
    for place, each in enumerate(child for listed in newest_first for child in listed):
        key = text(each.get("id")) or f"without id, {place}"
        known = found.setdefault(key, each)
        if known is not each and "performedBy" in each and "performedBy" not in known:
            found[key] = {**known, "performedBy": each["performedBy"]}
    return found


def human_seen_at(*bodies: Json) -> datetime | None:
    """When a person other than us last saw the present content (producers reference §1 P3).

    A seen entry of another system user is a machine's, however the server files it.
    """
    newest: datetime | None = None
    for body in bodies:
        for each in objects(body.get("seenSinceLastContentUpdate")):
            if each.get("isCurrentEndUser") is True:
                continue
            if text(mapping(each.get("seenBy")).get("actorId")).startswith("urn:altinn:systemuser:"):
                continue
            at = instant(each.get("seenAt")) or BEGINNING
            newest = at if newest is None or at > newest else newest
    return newest


def newer(list_item: Json, dialog: Json) -> tuple[Json, Json]:
    """The two bodies, the one to believe first.

    On equal `updatedAt` the list item leads: it is polled all the time, while an opened dialog is opened again only
    when its list item differs.
    """
    if list_item and dialog:
        listed, opened = instant(list_item.get("updatedAt")), instant(dialog.get("updatedAt"))
        if listed is not None and opened is not None and opened > listed:
            return dialog, list_item
    return (list_item, dialog) if list_item else (dialog, list_item)


def outdated(dialog: Json, list_item: Json) -> bool:
    """True when the content of an opened dialog has moved on since: what it told of actions and attachments is then
    not known any more (producers reference §1 P8).
    """
    opened, listed = (instant(each.get("contentUpdatedAt")) for each in (dialog, list_item))
    return opened is not None and listed is not None and listed > opened


def subject_of(
    *,
    list_item: Json | None = None,
    dialog: Json | None = None,
    transmissions: list[Json] | None = None,
    activities: list[Json] | None = None,
    details_status: int | None = None,
    details_problem: str = "",
) -> Subject:
    """The evidence in these bodies: any of list item, opened dialog, transmission list and activity list.

    `details_status` and `details_problem` tell that the newest opening was refused. Lists are newer than the dialog
    beside them, because children are read again without opening; one that is outdated tells of no action.
    """
    listed, detail = list_item or NOTHING, dialog or NOTHING
    first, second = newer(listed, detail)
    standing_detail = NOTHING if outdated(detail, listed) else detail

    def known(key: str) -> object:
        value = first.get(key)
        return second.get(key) if value is None else value

    latest = mapping(listed.get("latestActivity"))
    log = by_id(activities or (), objects(detail.get("activities")), [latest] if latest else ())
    read_activities = sorted(map(activity, log.values()), key=lambda each: (each.at, each.type, each.id))
    told = by_id(transmissions or (), objects(detail.get("transmissions")))
    opened = frozenset(each.transmission for each in read_activities if each.type == "TransmissionOpened") | {
        text(each.get("id")) for each in objects(detail.get("transmissions")) if each.get("isOpened") is True
    }
    read_transmissions = sorted(
        (transmission(each, opened) for each in told.values()), key=lambda each: (each.at, each.id)
    )

    # As the server counts them: by type (producers reference §1 P6).
    from_owner = sum(each.type not in ("Submission", "Correction") for each in read_transmissions)
    content, other = mapping(first.get("content")), mapping(second.get("content"))
    context = mapping(listed.get("endUserContext")) or mapping(detail.get("endUserContext"))
    labels = context.get("systemLabels")
    standing = [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
    if not standing:
        standing = [text(known("systemLabel")) or "Default"]
    same_content = first.get("contentUpdatedAt") == second.get("contentUpdatedAt")
    created = instant(known("createdAt")) or BEGINNING
    refused = None if details_status is None else Refusal(details_status, details_problem)
    return Subject(
        id=text(known("id")),
        org=text(known("org")).lower(),
        resource=text(known("serviceResource")).removeprefix("urn:altinn:resource:").lower(),
        resource_type=text(known("serviceResourceType")).lower(),
        party=text(known("party")),
        status=text(known("status")),
        extended_status=text(first.get("extendedStatus")),
        created_at=created,
        updated_at=instant(known("updatedAt")) or created,
        content_updated_at=instant(known("contentUpdatedAt")),
        due_at=instant(first.get("dueAt")),
        expires_at=instant(detail.get("expiresAt")),
        api_only=known("isApiOnly") is True,
        labels=tuple(sorted(standing)),
        title=content_texts(content, "title") or content_texts(other, "title"),
        summary=content_texts(content, "summary") or content_texts(other, "summary"),
        sender_name=content_texts(content, "senderName") or content_texts(other, "senderName"),
        status_label=content_texts(content, "extendedStatus"),
        main_content=reference(mapping(standing_detail.get("content")).get("mainContentReference")),
        attachments=tuple(map(attachment, objects(standing_detail.get("attachments")))),
        transmissions=tuple(read_transmissions),
        activities=tuple(read_activities),
        api_actions=tuple(
            sorted(map(api_action, objects(standing_detail.get("apiActions"))), key=lambda each: each.id)
        ),
        gui_actions=tuple(
            sorted(map(gui_action, objects(standing_detail.get("guiActions"))), key=lambda each: each.id)
        ),
        human_seen_at=human_seen_at(first, second if same_content else NOTHING),
        content_seen=listed.get("isContentSeen") is True,
        has_unopened_content=known("hasUnopenedContent") is True,
        withheld=any(
            key.startswith("excluded") and isinstance(found, list) and found for key, found in standing_detail.items()
        ),
        details_known=bool(standing_detail),
        messages_missing=first is listed and count(listed.get("fromServiceOwnerTransmissionsCount")) > from_owner,
        activities_known=bool(detail) or activities is not None,
        service_owner_count=count(known("fromServiceOwnerTransmissionsCount")),
        party_count=count(known("fromPartyTransmissionsCount")),
        gui_attachment_count=count(listed.get("guiAttachmentCount")),
        refusal=refused,
    )
