"""Profile → folders, where this system keeps such things."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wzp_core.errors import ErrorCode, LocalMisuse

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

APPLICATION = "wzp-desktop"
DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class ProfileFolders:
    """None of them need exist yet."""

    config: Path
    data: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def phonebook_file(self) -> Path:
        return self.data / "phonebook.sqlite"


def profile_folders(profile: str = DEFAULT_PROFILE) -> ProfileFolders:
    """The folders of one identity, apart from those of every other. Raises LocalMisuse(BAD_VALUE) for a bad name."""
    folder = f"profile-{checked_profile(profile)}"  # with a prefix no name is a device of Windows
    user = _user_folders()
    return ProfileFolders(user.user_config_path / folder, user.user_data_path / folder)


def shared_data_folder() -> Path:
    """What all profiles of one user share: the app's own relay."""
    return _user_folders().user_data_path


def _user_folders() -> "PlatformDirs":
    from platformdirs import PlatformDirs  # not needed for the flags, nor there in a set-up for the relay alone

    return PlatformDirs(APPLICATION, appauthor=False)


def checked_profile(name: str) -> str:
    """A profile name that is one folder everywhere; lower case, as some systems see no other."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", name):
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="profile name", value=name)
    return name
