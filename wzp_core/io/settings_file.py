"""The settings of one profile, as a TOML file."""

import asyncio
from pathlib import Path

from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.io.files import read_file, write_private
from wzp_core.settings.document import settings_of, text_of
from wzp_core.settings.schema import Settings


class SettingsFile:
    """Implements `engine.world.SettingsStore`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> Settings | None:
        """None where there is no file. Raises LocalMisuse(BAD_SETTINGS)."""
        data = await asyncio.to_thread(read_file, self._path)
        if data is None:
            return None
        try:
            return settings_of(data.decode())
        except UnicodeDecodeError as error:
            raise LocalMisuse(ErrorCode.BAD_SETTINGS, name="encoding") from error

    async def save(self, settings: Settings) -> None:
        await asyncio.to_thread(write_private, self._path, text_of(settings).encode())
