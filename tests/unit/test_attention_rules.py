"""The operator's own rules: what they match, what they set, and how a bad one is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from sync.attention import interpret, parse_subject
from sync.attention.explain import explain
from sync.attention.rule_file import load_rules, parse_rules
from sync.attention.rules import NO_RULES, OperatorRules, applied
from sync.attention.verdict import REASONS, Verdict

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILE = Path("rules.toml")
BODY: dict[str, Any] = {
    "id": "x",
    "org": "skd",
    "party": "urn:altinn:organization:identifier-no:310000000",
    "serviceResource": "urn:altinn:resource:app_skd_mva-melding",
    "serviceResourceType": "altinnapp",
    "status": "RequiresAttention",
    "createdAt": "2026-02-20T10:00:00Z",
    "updatedAt": "2026-02-20T10:00:00Z",
    "dueAt": "2026-03-20T12:00:00Z",
    "endUserContext": {"systemLabels": ["Default"]},
}


def rules(text: str) -> OperatorRules:
    return parse_rules(text.encode(), FILE)


def verdict(text: str, now: datetime = NOW, **more: object) -> Verdict:
    subject = parse_subject({"dialog": BODY | more})
    return applied(interpret(subject, now), subject, rules(text), now)[0]


def test_without_a_rule_that_fits_the_verdict_is_as_it_was() -> None:
    subject = parse_subject({"dialog": BODY})
    plain = interpret(subject, NOW)
    assert applied(plain, subject, NO_RULES, NOW) == (plain, None)
    assert verdict('[[rule]]\norg = "nav"\nsilence = true') == plain


@pytest.mark.parametrize(
    "match",
    [
        'org = "skd"',
        'org = ["nav", "SKD"]',
        'service_resource = "app_skd_*"',
        'service_resource = "urn:altinn:resource:app_skd_mva-melding"',
        'party = "310000000"',
        'party = "urn:altinn:organization:identifier-no:310000000"',
        'status = "requiresattention"',
        'label = "Default"',
        'org = "skd"\nstatus = ["Draft", "RequiresAttention"]',
    ],
)
def test_a_rule_fits_by_everything_that_it_names(match: str) -> None:
    assert verdict(f'[[rule]]\n{match}\nnext_step = "review"').rule == "operator_rule"
    assert verdict(f'[[rule]]\n{match}\ntransmission_type = "Alert"\nnext_step = "review"').rule != "operator_rule"


def test_a_rule_may_name_the_type_of_a_transmission() -> None:
    sent = [{"id": "t", "type": "Alert", "createdAt": "2026-02-21T10:00:00Z"}]
    assert verdict('[[rule]]\ntransmission_type = "Alert"\nsilence = true', transmissions=sent).needs_attention is False


def test_the_first_rule_that_fits_decides_and_no_other_is_looked_at() -> None:
    text = '[[rule]]\norg = "skd"\nnext_step = "read"\n[[rule]]\norg = "skd"\nactor = "machine"\nsilence = true'
    found = verdict(text)
    assert (found.next_step, found.actor, found.needs_attention) == ("read", "person", True)


def test_silence_keeps_the_step_and_asks_for_nobody() -> None:
    found = verdict('[[rule]]\norg = "skd"\nsilence = true')
    assert (found.needs_attention, found.next_step) == (False, "correct")
    assert found.because.en.endswith("Your own rule keeps it silent.")


def test_a_step_of_none_takes_actor_and_deadline_away() -> None:
    found = verdict('[[rule]]\norg = "skd"\nnext_step = "none"')
    assert (found.needs_attention, found.next_step, found.actor, found.deadline) == (False, "none", "none", None)


def test_a_step_where_nothing_was_to_be_done_takes_the_due_date() -> None:
    found = verdict('[[rule]]\norg = "skd"\nnext_step = "review"', status="Awaiting")
    assert (found.needs_attention, found.actor) == (True, "person")
    assert found.deadline == datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_a_shift_moves_the_deadline_and_what_it_says_today() -> None:
    early = '[[rule]]\norg = "skd"\ndeadline = "-10d"'
    assert "due_soon" not in verdict('[[rule]]\norg = "skd"\nactor = "machine"').reasons
    soon = verdict(early)
    assert soon.deadline == datetime(2026, 3, 10, 12, tzinfo=UTC) and "due_soon" in soon.reasons
    late = verdict(early, datetime(2026, 3, 11, tzinfo=UTC))
    assert "overdue" in late.reasons and "due_soon" not in late.reasons
    assert late.because.en.endswith("By your own rule: send a corrected message; it was due 10 March.")
    assert late.because.nb.endswith("Etter egen regel: send korrigert melding; fristen var 10. mars.")


def test_a_note_stands_in_the_explanation() -> None:
    found = verdict('[[rule]]\norg = "skd"\nnote = "Kari tar disse"')
    assert found.because.nb.endswith(" Kari tar disse.") and found.because.en.endswith(" Kari tar disse.")
    assert "operator_rule" in found.reasons and set(found.reasons) <= REASONS


def test_explain_shows_the_rule_and_that_taking_it_away_would_change_the_verdict() -> None:
    subject = parse_subject({"dialog": BODY})
    told = explain(subject, NOW, operator=rules('\n[[rule]]\norg = "skd"\nnext_step = "read"\ndeadline = "-3d"'))
    assert told.verdict.trace[-1].found == "rules.toml, line 2: next_step = read, deadline -3d"
    assert "rules.toml, line 2" in told.would_change[0]


def test_a_dialog_that_is_gone_has_no_rule() -> None:
    subject = parse_subject({"list_item": BODY, "fetch": {"details_status": 410}})
    assert applied(interpret(subject, NOW), subject, rules('[[rule]]\norg = "skd"\nnext_step = "read"'), NOW)[1] is None


def test_other_rules_have_another_digest_and_the_same_the_same() -> None:
    one = '[[rule]]\norg = "skd"\nsilence = true'
    assert rules(one).digest == rules(one).digest != NO_RULES.digest
    assert rules(one.replace("skd", "nav")).digest != rules(one).digest


WRONG = [
    ('[[rule]]\norg = "skd"\nnext_stepp = "read"', "line 3: next_stepp", 'Did you mean "next_step"?'),
    ('[[rule]]\norg = "skd"\nnext_step = "confrim"', "line 3: next_step", 'Did you mean "confirm"?'),
    ('[[rule]]\norg = "skd"\nactor = "robot"', "line 3: actor", "machine, person"),
    ("[[rule]]\norg = 5\nsilence = true", "line 2: org", "quotes"),
    ('[[rule]]\norg = "skd"\n\n# hm\nsilence = "yes"', "line 5: silence", "true or false"),
    ('[[rule]]\norg = "skd"\ndeadline = "3d"', "line 3: deadline", '"-3d"'),
    ('[[rule]]\norg = "skd"\ndeadline = "-3 days"', "line 3: deadline", '"-3d"'),
    ('[[rule]]\nstatus = "RequireAttention"\nsilence = true', "line 2: status", 'Did you mean "RequiresAttention"?'),
    ('[[rule]]\ntransmission_type = "Brev"\nsilence = true', "line 2: transmission_type", "Acceptance"),
    ('[[rule]]\nlabel = "Arkiv"\nsilence = true', "line 2: label", 'Did you mean "Archive"?'),
    ('[[rule]]\nparty = "310000001"\nsilence = true', "line 2: party", "Brønnøysundregistrene"),
    ('[[rule]]\nservice_resource = "app_[ab]"\nsilence = true', "line 2: service_resource", "app_skd_*"),
    ('[[rule]]\norg = "nav"\nsilence = true\n\n[[rule]]\nsilence = true', "line 5: rule", "Add one of org"),
    ('[[rule]]\norg = "skd"', "line 1: rule", "Add one of next_step"),
    ('[[rule]]\norg = "skd"\nnext_step = "none"\nactor = "person"', "line 4: actor", "Leave actor out."),
    ('[[rules]]\norg = "skd"\nsilence = true', "line 1: rules", "[[rule]]"),
    ('[rule]\norg = "skd"\nsilence = true', "line 1: rule", "double brackets"),
    ("[[rule]]\norg = skd", "line 2", "quotes"),
]


@pytest.mark.parametrize(("text", "key", "remedy"), WRONG, ids=[row[1] + f" {n}" for n, row in enumerate(WRONG)])
def test_a_bad_rule_is_refused_with_file_line_key_and_remedy(text: str, key: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rules(text)
    assert refused.value.file == FILE and refused.value.exit_code == 2
    assert refused.value.key == key
    assert remedy in refused.value.remedy


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        rules('[[rule]]\norg = 1\nactor = "x"\n[[rule]]\nstatus = "y"\nsilence = true')
    assert [problem.key for problem in refused.value.problems] == ["line 2: org", "line 3: actor", "line 5: status"]


def test_a_national_id_in_a_bad_rule_is_masked() -> None:
    with pytest.raises(ConfigError) as refused:
        rules('[[rule]]\nparty = "urn:altinn:person:identifier-no:01815012346"\nsilence = true')
    assert "01815012346" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert load_rules(None) is NO_RULES
    with pytest.raises(ConfigError, match="cannot be read"):
        load_rules(tmp_path)
    (tmp_path / "r.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_rules(tmp_path / "r.toml")


def test_the_example_of_the_readme_is_one_that_the_program_takes() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    example = "[[rule]]" + text.partition("```\n[[rule]]")[2].partition("```")[0]
    first, second = rules(example).rules
    assert (first.service_resource, second.label, second.silence) == (("app_skd_*",), ("Archive",), True)
