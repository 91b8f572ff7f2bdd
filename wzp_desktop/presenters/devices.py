"""Microphones and speakers to choose from."""

from dataclasses import dataclass

from wzp_core.session.state import AppState
from wzp_desktop.presenters.words import ERROR

SYSTEM_CHOICE = "System default"


@dataclass(frozen=True, slots=True)
class DeviceChoices:
    """Names as the settings keep them; the first is empty: the system's choice."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    problem: str


def device_choices(state: AppState) -> DeviceChoices:
    audio, devices = state.settings.audio, state.devices
    return DeviceChoices(
        inputs=_with_chosen(devices.inputs, audio.input_device),
        outputs=_with_chosen(devices.outputs, audio.output_device),
        problem=ERROR[devices.error] if devices.error is not None else "",
    )


def device_label(name: str) -> str:
    return name or SYSTEM_CHOICE


def _with_chosen(names: tuple[str, ...], chosen: str) -> tuple[str, ...]:
    """A chosen device that is unplugged stays in the list, so that opening the dialog does not change the choice."""
    return tuple(dict.fromkeys(("", *names, chosen)))
