import os

import pytest

from wzp_core.errors import LocalMisuse
from wzp_core.settings.paths import profile_folders


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="XDG folders")
def test_folders_follow_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folders = profile_folders("alice")
    assert folders.config == tmp_path / "config" / "wzp-desktop" / "profile-alice"
    assert folders.data == tmp_path / "data" / "wzp-desktop" / "profile-alice"


def test_profiles_share_nothing_and_nothing_is_made_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    alice, default = profile_folders("alice"), profile_folders()
    assert {alice.config, alice.data}.isdisjoint({default.config, default.data})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "Alice", "a b", "-a", "x" * 33, "a\n", "é"])
def test_a_name_that_is_no_folder_everywhere_is_refused(name):
    with pytest.raises(LocalMisuse):
        profile_folders(name)
