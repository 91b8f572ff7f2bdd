import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.settings.document import settings_of, text_of
from wzp_core.settings.schema import (
    AppearanceSettings,
    AudioSettings,
    CallSettings,
    NetworkSettings,
    RelayEntry,
    RelaySettings,
    Settings,
)

DATA = Path(__file__).parents[2] / "data" / "settings"
TEXT = st.text(st.characters(codec="utf-8"))
VOLUME = st.floats(0.0, 4.0)
SETTINGS = st.builds(
    Settings,
    alias=TEXT,
    audio=st.builds(AudioSettings, input_device=TEXT, output_device=TEXT, input_volume=VOLUME, output_volume=VOLUME),
    relay=st.builds(
        RelaySettings,
        relays=st.lists(st.builds(RelayEntry, name=TEXT, address=TEXT), max_size=3).map(tuple),
        selected=TEXT,
        announce=st.booleans(),
    ),
    call=st.builds(CallSettings, allow_unprotected=st.booleans(), room=TEXT),
    network=st.builds(
        NetworkSettings,
        path=st.sampled_from(["auto", "relay"]),
        use_stun=st.booleans(),
        stun_servers=TEXT,
        port_mapping=st.booleans(),
    ),
    appearance=st.builds(
        AppearanceSettings,
        theme=st.sampled_from(["system", "light", "dark"]),
        scale_percent=st.integers(75, 200),
    ),
)


@given(SETTINGS)
def test_what_is_written_is_read_back_the_same(settings):
    assert settings_of(text_of(settings)) == settings


def test_an_empty_document_means_the_defaults():
    assert settings_of("") == Settings()


def test_a_file_of_version_1_is_understood_and_unknown_keys_passed_over():
    assert settings_of((DATA / "version1.toml").read_text("utf-8")) == Settings(
        alias='Zoë "the \\ fox"',
        audio=AudioSettings(input_device="USB Microphone", output_volume=2.0),
        relay=RelaySettings(
            relays=(
                RelayEntry(name="Home", address="relay.example:4433"),
                RelayEntry(name="Work", address="[2001:db8::1]:4433"),
            ),
            selected="relay.example:4433",
            announce=False,
        ),
        appearance=AppearanceSettings(theme="dark", scale_percent=150),
    )


def test_the_document_names_its_version_and_every_setting():
    document = tomllib.loads(text_of(Settings()))
    assert document["version"] == 1
    assert document["audio"]["input_volume"] == 1.0
    assert document["call"] == {"allow_unprotected": False, "room": "general", "quality": "auto"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alias = 5", "alias"),
        ("audio = 5", "audio"),
        ("audio.input_volume = 5.0", "audio.input_volume"),
        ("audio.input_volume = true", "audio.input_volume"),
        ("audio.input_volume = nan", "audio.input_volume"),
        ("audio.output_volume = -inf", "audio.output_volume"),
        ("appearance.scale_percent = 100.0", "appearance.scale_percent"),
        ("appearance.scale_percent = 1000", "appearance.scale_percent"),
        ("appearance.theme = 'pink'", "appearance.theme"),
        ("call.allow_unprotected = 1", "call.allow_unprotected"),
        ("relay.relays = 'none'", "relay.relays"),
        ("relay.relays = ['home']", "relay.relays.0"),
        ("[[relay.relays]]\nname = 'Home'", "relay.relays.0"),
        ("[[relay.relays]]\nname = 'Home'\naddress = 4433", "relay.relays.0.address"),
        ("audio.input_volume = 1" + "0" * 400, "audio.input_volume"),
        ("audio.input_volume = 1" + "0" * 5000, "document"),
        ("version = 2", "version"),
        ("version = 'one'", "version"),
        ("alias = ", "document"),
        ("a = " + "[" * 5000, "document"),
    ],
)
def test_a_wrong_value_is_refused_by_name(text, name):
    with pytest.raises(LocalMisuse) as caught:
        settings_of(text)
    assert caught.value.code is ErrorCode.BAD_SETTINGS
    assert caught.value.facts["name"] == name


def test_a_name_that_no_file_can_hold_is_written_as_near_as_possible():
    assert settings_of(text_of(Settings(alias="a\udc80b"))).alias == "a?b"


@given(st.text())
def test_no_text_at_all_breaks_the_reader(text):
    try:
        settings_of(text)
    except LocalMisuse as error:
        assert error.code is ErrorCode.BAD_SETTINGS  # noqa: PT017  # most texts are refused, some are settings
