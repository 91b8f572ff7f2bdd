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


def test_without_any_configuration_nobody_is_believed() -> None:
    assert not RelayTrust().covers(("127.0.0.1", 1), None)
