import os
import stat
from pathlib import Path

import pytest

from relay.identity import load_seed
from wzp_core.errors import ErrorCode, Unavailable


def test_a_seed_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "relay-identity"
    seed = load_seed(path)
    assert len(seed) == 32
    assert load_seed(path) == seed
    assert path.read_text().strip() == seed.hex()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "00" * 31, "zz" * 32, "\u00e4" * 64])
def test_a_corrupt_seed_is_reported_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "relay-identity"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Unavailable) as refused:
        load_seed(path)
    assert refused.value.code is ErrorCode.BAD_FILE
    assert path.read_text(encoding="utf-8") == content


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        load_seed(tmp_path / "file" / "relay-identity")
