"""The first start: a name, a microphone, and what the identity is."""

from dataclasses import dataclass

from wzp_core.session.state import AppState
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.devices import DeviceChoices, device_choices


@dataclass(frozen=True, slots=True)
class FirstRunScreen:
    suggested_alias: str
    fingerprint: str
    devices: DeviceChoices
    mic_test: bool
    level: float  # 0…1
    settings: Settings


def first_run_screen(state: AppState) -> FirstRunScreen:
    return FirstRunScreen(
        suggested_alias=state.settings.alias or (state.me.alias if state.me else ""),
        fingerprint=state.me.fingerprint if state.me else "",
        devices=device_choices(state),
        mic_test=state.mic_test,
        level=state.levels.microphone,
        settings=state.settings,
    )
