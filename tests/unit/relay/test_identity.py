import os
import stat
from pathlib import Path

import pytest

from relay.identity import load_seed, load_succession, rotate
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.crypto.succession import succeeds
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.succession import RelaySuccession


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


# --- succession ------------------------------------------------------------------------------------------------


def shown(path: Path) -> TlsFingerprint:
    return tls_identity(relay_tls_seed(load_seed(path))).fingerprint


def test_a_relay_without_a_past_has_no_former_keys(tmp_path: Path) -> None:
    assert load_succession(tmp_path / "relay-identity") == RelaySuccession()


def test_each_rotation_is_signed_by_the_key_before(tmp_path: Path) -> None:
    path = tmp_path / "relay-identity"
    first = shown(path)
    fingerprints = [first]
    for _ in range(3):
        former, successor = rotate(path)
        assert (former, successor) == (fingerprints[-1], shown(path))
        fingerprints.append(successor)
    steps = load_succession(path).steps
    assert all(succeeds(fingerprints[-1], earlier, steps) for earlier in fingerprints)
    assert not succeeds(first, fingerprints[-1], steps)
    if os.name == "posix":
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_rotation_cut_short_leaves_the_identity_and_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relay-identity"
    before = shown(path)
    real = Path.replace

    def full_disk(draft: Path, target: Path) -> Path:
        if target == path:
            raise OSError("no space left")
        return real(draft, target)

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(Unavailable):
        rotate(path)
    assert shown(path) == before
    monkeypatch.undo()
    _, after = rotate(path)
    assert len(load_succession(path).steps) == 1
    assert succeeds(after, before, load_succession(path).steps)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"{", b'{"Ping":{"timestamp_ms":1}}', b"\xff"])
def test_statements_that_are_none_are_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "relay-identity.succession").write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        load_succession(tmp_path / "relay-identity")
    assert refused.value.code is ErrorCode.BAD_FILE
