"""What the user may turn while media runs."""

import asyncio
from collections.abc import Callable

from wzp_core.engine.volumes import Volumes
from wzp_core.settings.schema import AudioSettings


class Knobs:
    """One set for the whole engine: calls, rooms and the microphone test look at it with every frame."""

    def __init__(self, audio: AudioSettings) -> None:
        self.audio = audio
        self.microphone_muted = False
        self.speaker_muted = False
        self.volumes = Volumes()
        self._held = False
        self._release: asyncio.TimerHandle | None = None

    @property
    def sends_voice(self) -> bool:
        """The mute that counts: the button's, and with push-to-talk the key's."""
        return not self.microphone_muted and (self._held or not self.audio.push_to_talk)

    def conversation_over(self) -> None:
        """Nobody, nor the user, is to be silent in the next one without the user's having wanted it."""
        self.microphone_muted = self.speaker_muted = False
        self.volumes.conversation_over()

    def hold_to_talk(self, held: bool, *, on_change: Callable[[], None]) -> None:
        """The key; a release takes effect a little later, so that no last syllable is cut."""
        if self._release is not None:
            self._release.cancel()
            self._release = None
        if held:
            self._held = True
            on_change()
        elif self._held:
            delay_s = self.audio.release_delay_ms / 1000
            self._release = asyncio.get_running_loop().call_later(delay_s, self._let_go, on_change)

    def _let_go(self, on_change: Callable[[], None]) -> None:
        self._held, self._release = False, None
        on_change()
