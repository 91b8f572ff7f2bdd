"""No state that a call can reach gives a stronger badge than its keys justify (e2e.md §5)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from wzp_core.crypto.badge import Badge, badge
from wzp_core.crypto.sas import SasCallee, SasCaller, SasCode
from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.errors import LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, encode_packet
from wzp_core.protocol.profile import CodecId

CALL = CallId("call")


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_each_claim_has_its_grounds(sealed_out, sealed_in, verified, direct):
    claim = badge(sealed_out=sealed_out, sealed_in=sealed_in, verified=verified, direct=direct)
    match claim:
        case Badge.VERIFIED:
            assert sealed_out
            assert sealed_in
            assert verified
        case Badge.ENCRYPTED:
            assert sealed_out
            assert sealed_in
            assert not verified
        case Badge.UNVERIFIED_PEER:
            assert direct
        case Badge.RELAY_ONLY:
            assert not direct


class CallUnderAttack(RuleBasedStateMachine):
    """A call with real keys: peer and middleman do what they like, the badge may only say what is true."""

    @initialize(end_to_end=st.booleans(), middleman=st.booleans())
    def agree(self, end_to_end: bool, middleman: bool) -> None:
        """`middleman` has replaced the peer's keys, which only the spoken code can show."""
        ours, theirs = b"\x01" * 32, b"\x02" * 32 if middleman else b"\x01" * 32
        self.sealed_out, self.opened, self.verified, self.direct, self.now = end_to_end, False, False, False, 0.0
        self.middleman, self.sequence = middleman, 0
        self.opener = Opener(ours, Direction.TO_CALLER)
        self.peer = Sealer(theirs, Direction.TO_CALLER, now=0.0)
        self.stranger = Sealer(b"\x03" * 32, Direction.TO_CALLER, now=0.0)
        self.caller = SasCaller(ours, CALL, b"\x0a" * 32)
        self.callee = SasCallee(theirs, CALL, b"\x0b" * 32, decoys=bytes(16))

    def _packet(self) -> MediaPacket:
        self.sequence += 1
        header = MediaHeader(codec=CodecId.OPUS_24K, sequence=self.sequence, timestamp_ms=0)
        return MediaPacket(header=header, payload=b"voice")

    def _receive(self, datagram: bytes) -> None:
        if not self.sealed_out:
            return  # such a call opens nothing under end-to-end keys
        try:
            self.opener.open(datagram, self.now)
        except RemoteViolation:
            return
        self.opened = True

    @rule()
    def the_peer_speaks(self) -> None:
        self._receive(self.peer.seal(self._packet(), self.now))

    @rule()
    def a_stranger_speaks(self) -> None:
        before = self.opened
        self._receive(self.stranger.seal(self._packet(), self.now))
        assert self.opened == before

    @rule()
    def somebody_speaks_in_clear(self) -> None:
        before = self.opened
        self._receive(encode_packet(self._packet()))
        assert self.opened == before

    @rule(direct=st.booleans())
    def the_path_changes(self, direct: bool) -> None:
        self.direct = direct

    @precondition(lambda self: self.sealed_out)
    @rule()
    def the_users_compare_the_code(self) -> None:
        """They say what they see: equal or not."""
        try:
            (nonce,) = self.callee.handle(self.caller.commit())
            reveal, read_aloud = self.caller.handle(nonce)
            (expected,) = self.callee.handle(reveal)
        except LocalMisuse:  # compared before
            return
        assert isinstance(read_aloud, SasCode)
        assert isinstance(expected, SasCode)
        self.verified = read_aloud.code == expected.code

    @invariant()
    def the_badge_is_true(self) -> None:
        if not hasattr(self, "opener"):
            return
        claim = badge(sealed_out=self.sealed_out, sealed_in=self.opened, verified=self.verified, direct=self.direct)
        if claim in (Badge.VERIFIED, Badge.ENCRYPTED):
            assert not self.middleman, "keys are shared with nobody but the peer"
            assert self.opened
        if claim is Badge.UNVERIFIED_PEER:
            assert self.direct


TestCallUnderAttack = CallUnderAttack.TestCase
TestCallUnderAttack.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
