from dataclasses import replace

from relay.config import RelayConfig, TrustedRelay, options
from relay.decide.reload import LIVE, reloaded
from wzp_core.protocol.ids import parse_tls_fingerprint


def test_limits_and_trust_change_and_sockets_wait_for_a_restart() -> None:
    current = RelayConfig(listen=("0.0.0.0", 4433), max_clients=10)
    trusted = (TrustedRelay(fingerprint=parse_tls_fingerprint("ab" * 32)),)
    wanted = replace(current, listen=("0.0.0.0", 4434), max_clients=20, trusted=trusted, http_port=9100)
    config, changed, waiting = reloaded(current, wanted)
    assert config == replace(current, max_clients=20, trusted=trusted)
    assert changed == ["max_clients", "trusted"]
    assert waiting == ["listen_addr", "http_port"]


def test_the_same_again_changes_nothing() -> None:
    assert reloaded(RelayConfig(), RelayConfig()) == (RelayConfig(), [], [])


def test_every_limit_is_live() -> None:
    names = {spec.name for spec in options()}
    assert names >= LIVE
    assert {name for name in names if name.startswith("max_") or "_per_" in name} <= LIVE
