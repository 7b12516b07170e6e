"""What the shipped table makes of producers' own words: a demand is a demand, a topic is not."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from sync.attention.evidence import Texts
from sync.attention.producers import Producers, shipped


def words(text: str) -> Texts:
    return Texts((("nb", text),))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Skjemaet må signeres av daglig leder", "signing"),
        ("Venter på signatur fra styreleder", "signing"),
        ("Det gjenstår å signere", "signing"),
        ("Klart for signering", "signing"),
        ("Please sign the form", "signing"),
        ("Gå til signering av avtale", "signing"),
        ("Alle parter har signert", None),
        ("Melding om signatur og prokura", None),
        ("Log in or sign up", None),
        ("Fyll ut og signer skjemaet", None),
        ("Du må betale gebyret før vi kan behandle søknaden", "payment"),
        ("Innsendingen venter på betaling", "payment"),
        ("Gå til betaling", "payment"),
        ("Betaling er mottatt", None),
        ("Søknad om utsatt betaling", None),
        ("Venter på utbetaling", None),
        ("Skjemaet er klart for innsending", "confirmation"),
        ("Kontroller opplysningene og send inn", "confirmation"),
        ("Skjemaet er sendt inn", None),
        ("Fyll ut og send inn", None),
        ("Vi mangler dokumentasjon", "more_information"),
        ("Du må sende inn flere opplysninger", "more_information"),
        ("More information is needed", "more_information"),
        ("Åpne for mer informasjon", None),
        ("Søknaden er under behandling", None),
    ],
)
def test_plain_words_name_a_step_only_where_they_demand_it(text: str, state: str | None) -> None:
    assert shipped().plain_state(words(text)) == state


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Slett", "delete"),
        ("Lag ny kopi", "copy"),
        ("Create new copy", "copy"),
        ("Les mer om tjenesten", "read_more"),
        ("Se innsendt skjema", "receipt"),
        ("Se og endre inntektsmelding", "change"),
        ("Avbryt", "cancel"),
        ("Klag på vedtaket", "complain"),
        ("Se vedtaket", "view"),
        ("Last ned", "download"),
        ("Se på skjemaet og send inn", None),
        ("Fortsett", None),
        ("Svar på henvendelse", None),
        ("Send inn på nytt", None),
    ],
)
def test_buttons_that_never_make_a_step_are_known_by_their_words(title: str, kind: str | None) -> None:
    assert shipped().optional_kind(words(title)) == kind


@pytest.mark.parametrize(
    "text", ["innsendingen er KLAR for å fylles ut.", "  The submission is ready to be filled out. "]
)
def test_a_default_summary_is_known_whatever_its_spacing_and_case(text: str) -> None:
    assert shipped().summary_state(words(text)) == "initial"


@pytest.mark.parametrize(
    ("org", "word", "meaning"),
    [
        ("nav", "FORESPOERSEL_UTGAATT", "withdrawal"),
        ("nav", "INNTEKTSMELDING_GODKJENT", "accepted"),
        ("nav", "KRONISK_KRAV_ENDRET", "receipt"),
        ("nav", "SYKMELDING", None),
        ("ske", "FORESPOERSEL_UTGAATT", None),
        ("nav", "", None),
    ],
)
def test_an_extended_type_means_what_its_own_producer_says(org: str, word: str, meaning: str | None) -> None:
    assert shipped().meaning(org, "nav_sykepenger_dialog", word) == meaning


def test_a_meaning_holds_in_the_services_that_it_is_told_of() -> None:
    table = tomllib.loads((files("sync.attention") / "producers.toml").read_text(encoding="utf-8"))
    assert all(each["service_resource"] for each in table["producer"])
    own = {"name": "Egen", "org": ["nav"], "service_resource": ["annet_*"], "extended_type": {"ferdig": "accepted"}}
    others = [each | {"service_resource": ["nav_*"]} for each in table["producer"]]
    producers = Producers(table | {"producer": [own, *others]})
    assert producers.meaning("nav", "annet_skjema", "FERDIG") == "accepted"
    assert producers.meaning("nav", "nav_sykepenger_dialog", "FERDIG") is None
    assert producers.meaning("nav", "annet_skjema", "FORESPOERSEL_UTGAATT") is None
    assert producers.status_meaning("nav", "nav_sykepenger_dialog", "FORESPOERSEL_UTGAATT") == "withdrawal"
    assert producers.meaning("nav", "", "FORESPOERSEL_UTGAATT") == "withdrawal", "a service that is not told is any"
