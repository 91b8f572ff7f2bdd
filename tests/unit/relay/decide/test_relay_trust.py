from dataclasses import replace

from relay.config import PeerRelay, RelayConfig, TrustedRelay
from relay.decide.relay_trust import RelayTrust
from wzp_core.protocol.ids import TlsFingerprint

PINNED, OTHER = TlsFingerprint("aa"), TlsFingerprint("bb")


def test_a_relay_is_believed_by_its_certificate_or_by_where_it_is() -> None:
    trust = RelayTrust(certificates={PINNED}, hosts={"203.0.113.2"})
    assert trust.covers(("198.51.100.9", 1), PINNED)
    assert trust.covers(("203.0.113.2", 50_000), None)
    assert trust.covers(("::ffff:203.0.113.2", 50_000), OTHER)
    assert not trust.covers(("198.51.100.9", 1), OTHER)
    assert not trust.covers(("198.51.100.9", 1), None)


def test_a_target_that_is_a_peer_too_has_to_prove_its_key_unless_older_relays_are_taken_at_their_word() -> None:
    peer = PeerRelay(url="203.0.113.2:4433", fingerprint=PINNED)
    known = TrustedRelay(fingerprint=OTHER)
    config = RelayConfig(probe=(("203.0.113.2", 4433), ("203.0.113.3", 4433)), peers=(peer,), trusted=(known,))
    trust = RelayTrust.of(config)
    assert trust.covers(("203.0.113.2", 4433), PINNED)
    assert trust.covers(("198.51.100.9", 1), OTHER)
    assert trust.covers(("203.0.113.3", 50_000), None)
    assert not trust.covers(("203.0.113.2", 4433), None)
    assert RelayTrust.of(replace(config, federation_trust_hello=True)).covers(("203.0.113.2", 4433), None)


def test_without_any_configuration_nobody_is_believed() -> None:
    assert not RelayTrust().covers(("127.0.0.1", 1), None)
