"""Names of devices that survive being plugged in again."""

from typing import Any

import pytest

from wzp_core.io.sound_names import candidates, present, stable_name
from wzp_core.io.sound_watch import Found, better


class Library:
    """What the sound library lists: name, inputs, outputs, interface."""

    PortAudioError = OSError

    def __init__(self, *devices: tuple[str, int, int, int], choice: int = -1) -> None:
        self._choice = choice
        self._devices = [
            {"index": index, "name": name, "max_input_channels": i, "max_output_channels": o, "hostapi": api}
            for index, (name, i, o, api) in enumerate(devices)
        ]

    def query_devices(self, index: int | None = None, kind: str = "") -> Any:
        if kind and self._choice < 0:
            raise OSError
        return self._devices[self._choice if kind else index] if kind or index is not None else self._devices


@pytest.mark.parametrize(
    ("listed", "stable"),
    [
        ("USB Headset: Audio (hw:2,0)", "USB Headset: Audio"),
        ("USB Headset: - (hw:1,0)", "USB Headset: -"),
        ("Speakers (Realtek)", "Speakers (Realtek)"),
        ("pulse", "pulse"),
    ],
)
def test_a_name_is_what_stays_when_cards_are_numbered_anew(listed: str, stable: str) -> None:
    assert stable_name(listed) == stable


def test_a_headset_is_found_again_under_another_number() -> None:
    replugged = Library(("Card: HDMI (hw:0,3)", 0, 8, 0), ("USB Headset: Audio (hw:2,0)", 1, 2, 0))
    assert candidates(replugged, "input", "USB Headset: Audio (hw:1,0)") == ["USB Headset: Audio"]
    assert present(replugged, "output")["USB Headset: Audio"] == 1


def test_two_equal_headsets_are_told_apart_but_one_seen_twice_is_one() -> None:
    library = Library(("Headset", 1, 2, 0), ("Headset", 1, 2, 0), ("Headset", 1, 2, 1))
    assert present(library, "input") == {"Headset": 0, "Headset (2)": 1}


def test_without_a_choice_a_sound_server_comes_first_and_bare_devices_only_without_one() -> None:
    card = ("USB: Audio (hw:1,0)", 1, 2, 0)
    assert candidates(Library(card, ("default", 9, 9, 0), ("pulse", 9, 9, 0), choice=1), "input", "") == [
        "pulse",
        "default",
    ]
    assert candidates(Library(card, ("default", 9, 9, 0), choice=1), "input", "") == ["default", "USB: Audio"]
    assert candidates(Library(), "input", "") == []


def test_a_device_is_opened_again_when_its_missing_side_or_the_choice_comes_back() -> None:
    found = Found(names=((), ()), choice=("pulse", "Headset"), opens=("pulse", ""))
    assert better(found, ("", ""), (None, "Speaker"), follows=False) == "input_back"
    assert better(found, ("", ""), ("pulse", "Speaker"), follows=True) == "output_choice"
    assert better(found, ("", "Speaker"), ("pulse", "Speaker"), follows=True) == ""
    assert better(found, ("", ""), ("pulse", None), follows=False) == ""
