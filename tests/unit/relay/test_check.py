import errno
import os
import socket
from pathlib import Path

import pytest

from relay.check import (
    Finding,
    advertised_finding,
    bind_error,
    configuration_finding,
    http_finding,
    identity_findings,
    port_finding,
)
from relay.config import RelayConfig
from relay.identity import load_seed
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed

EVERYWHERE = ("0.0.0.0", 4433)
PUBLIC, PRIVATE = ("127.0.0.1", "8.8.4.4"), ("127.0.0.1", "192.168.1.5", "fe80::1%eth0")


@pytest.mark.parametrize(
    ("number", "detail", "advice"),
    [
        (errno.EADDRINUSE, "UDP 0.0.0.0:443 is taken by another program", "ss -ulpn 'sport = :443'"),
        (errno.EACCES, "UDP 0.0.0.0:443 is privileged", "CAP_NET_BIND_SERVICE"),
        (errno.EPERM, "UDP 0.0.0.0:443 is privileged", "listen_addr"),
        (errno.EADDRNOTAVAIL, "UDP 0.0.0.0:443 is no address of this machine", "0.0.0.0"),
        (errno.EAFNOSUPPORT, "no IPv6", "IPv4"),
        (errno.ENOBUFS, os.strerror(errno.ENOBUFS), "listen_addr"),
    ],
)
def test_a_port_that_cannot_be_had_is_told_in_words(number: int, detail: str, advice: str) -> None:
    error = OSError(number, os.strerror(number))
    found = port_finding("port", "UDP", "listen_addr", ("0.0.0.0", 443), error)
    assert not found.ok
    assert detail in found.detail
    assert advice in found.advice


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_noticed_and_a_free_one_is_left_free(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        address = other.getsockname()
        taken = bind_error(kind, address)
    assert taken is not None
    assert taken.errno == errno.EADDRINUSE
    assert [bind_error(kind, address) for _ in range(2)] == [None, None]


def test_another_machines_address_is_noticed() -> None:
    error = bind_error(socket.SOCK_DGRAM, ("192.0.2.1", 4433))
    assert error is not None
    assert error.errno == errno.EADDRNOTAVAIL


def test_an_identity_is_read_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "relay-identity"
    seed = load_seed(path)
    found, fingerprint = identity_findings(path)
    assert fingerprint == tls_identity(relay_tls_seed(seed)).fingerprint
    assert found == [Finding("identity", True, str(path)), Finding("fingerprint", True, fingerprint)]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_an_identity_that_others_may_use_is_wrong_and_stays_as_it_is(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "relay-identity"
    load_seed(path)
    path.chmod(mode)
    (found, _), _fingerprint = identity_findings(path)
    assert not found.ok
    assert f"mode {mode:o}" in found.detail
    assert path.stat().st_mode & 0o777 == mode


def test_a_file_that_is_no_identity_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "relay-identity"
    path.write_text("lost")
    (found,), fingerprint = identity_findings(path)
    assert not found.ok
    assert "64 hex digits" in found.detail
    assert fingerprint is None


def test_a_missing_identity_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "relay-identity"
    (found,), fingerprint = identity_findings(path)
    assert found.ok
    assert found.advice == "the first start makes it"
    assert fingerprint is None
    assert list(tmp_path.iterdir()) == []


def test_an_identity_that_cannot_be_made_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,), _ = identity_findings(tmp_path / "file" / "relay-identity")
    assert not found.ok


def test_a_missing_configuration_is_no_fault_and_is_not_written(tmp_path: Path) -> None:
    found = configuration_finding(tmp_path / "relay.toml")
    assert found.ok
    assert "example" in found.advice
    assert list(tmp_path.iterdir()) == []


def test_keys_that_mean_nothing_are_named(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.touch()
    found = configuration_finding(path, ["max_session", "moon"])
    assert found.ok
    assert "max_session, moon" in found.advice


@pytest.mark.parametrize(
    ("listen", "advertised", "own", "ok", "said"),
    [
        (EVERYWHERE, "", PUBLIC, True, "their packets come to"),
        (EVERYWHERE, "", PRIVATE, True, "behind a router, set advertised_addr"),
        (("127.0.0.1", 4433), "", PUBLIC, True, "only programs on this machine"),
        (("192.168.1.5", 4433), "", PRIVATE, True, "192.168.1.5:4433"),
        (EVERYWHERE, "8.8.4.4:4433", PUBLIC, True, "8.8.4.4:4433"),
        (EVERYWHERE, "8.8.8.8:5000", PRIVATE, True, "forward UDP 5000 to port 4433"),
        (EVERYWHERE, "[2001:4860:4860::8888]:5000", PRIVATE, True, "forward UDP 5000"),
        (EVERYWHERE, "192.168.1.5:4433", PRIVATE, True, "private"),
        (EVERYWHERE, "127.0.0.1:4433", PUBLIC, False, "every client itself"),
        (("127.0.0.1", 4433), "127.0.0.1:4433", PUBLIC, True, "127.0.0.1:4433"),
        (EVERYWHERE, "0.0.0.0:4433", PUBLIC, False, "nobody can send"),
        (EVERYWHERE, "224.0.0.1:4433", PUBLIC, False, "nobody can send"),
        (EVERYWHERE, "relay.invalid:4433", PUBLIC, False, "is unknown"),
    ],
)
async def test_the_address_that_clients_are_told_is_judged(
    listen: tuple[str, int], advertised: str, own: tuple[str, ...], ok: bool, said: str
) -> None:
    found = await advertised_finding(RelayConfig(listen=listen, advertised_addr=advertised), own)
    assert found.ok is ok
    assert said in found.detail + found.advice


def test_http_that_is_off_is_no_fault() -> None:
    assert http_finding(RelayConfig(), is_running=False).detail.startswith("off")


def test_a_taken_http_port_is_a_fault_unless_this_relay_runs() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = RelayConfig(http_port=other.getsockname()[1])
        stopped, running = (http_finding(config, is_running=is_running) for is_running in (False, True))
    assert "TCP" in stopped.detail
    assert "taken by another program" in stopped.detail
    assert (stopped.ok, running.ok) == (False, True)


def test_http_for_others_comes_with_a_warning() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    found = http_finding(
        RelayConfig(http_host="0.0.0.0", http_port=port, http_token="t0ken-of-the-operator"),
        is_running=False,
    )
    assert found.ok
    assert "in clear" in found.advice
