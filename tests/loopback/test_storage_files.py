import os
import stat

import pytest

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.files import read_file, remove_file, write_private


def test_a_file_is_read_back_and_only_its_owner_may(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    write_private(path, b"first")
    write_private(path, b"second")
    assert read_file(path) == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_not_there_is_none_and_may_be_removed(tmp_path):
    assert read_file(tmp_path / "file") is None
    remove_file(tmp_path / "file")


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_file(tmp_path / "file", limit=5) == b"12345"
    with pytest.raises(Unavailable) as caught:
        read_file(tmp_path / "file", limit=4)
    assert caught.value.code is ErrorCode.BAD_FILE


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_private(path, b"old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as caught:
        write_private(path, b"new")
    assert caught.value.code is ErrorCode.BAD_FILE
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").mkdir()
    for act in (read_file, remove_file, lambda path: write_private(path, b"")):
        with pytest.raises(Unavailable):
            act(tmp_path / "file")
