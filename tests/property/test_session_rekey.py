"""Fresh keys while messages get lost, come twice or late: whatever happens, each side hears the other."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.crypto.identity import Identity
from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId
from wzp_core.protocol.signal.call import Rekey
from wzp_core.session.rekey import Rekeying

ALICE, BOB = (Identity.from_seed(bytes([n]) * 32) for n in (1, 2))
ID, ROOT = CallId("18a1"), b"\x09" * 32
_STEP_S = 6.0  # long enough for an epoch


class Side:
    """As engine/call_media.py: the caller seals with a new root at once, the callee once a packet under it came."""

    def __init__(self, me: Identity, peer: Identity, sends: Direction, hears: Direction) -> None:
        self.rekeying = Rekeying(me, peer.public_key, ID, ROOT)
        self.sealer, self.opener = Sealer(ROOT, sends, now=0.0), Opener(ROOT, hears)
        self.awaited: bytes | None = None
        self.sequence = 0

    def say(self, now: float) -> bytes:
        self.sequence += 1
        header = MediaHeader(codec=CodecId.OPUS_24K, sequence=self.sequence, timestamp_ms=20 * self.sequence)
        return self.sealer.seal(MediaPacket(header, b"voice"), now)

    def hear(self, datagram: bytes, now: float) -> None:
        assert self.opener.open(datagram, now).payload == b"voice"
        if self.awaited is not None and self.opener.root == self.awaited:
            self.awaited = None
            self.sealer.adopt(self.opener.root)


ACTIONS = st.lists(
    st.one_of(
        st.just(("ask", 0)),
        st.just(("talk", 0)),
        st.tuples(st.sampled_from(["question", "reply"]), st.integers(0, 3)),  # the so-manieth last, perhaps again
    ),
    max_size=40,
)


@given(ACTIONS)
@settings(max_examples=150, deadline=None)
def test_no_order_of_loss_and_repetition_makes_one_side_deaf(actions: list[tuple[str, int]]) -> None:
    caller = Side(ALICE, BOB, Direction.TO_CALLEE, Direction.TO_CALLER)
    callee = Side(BOB, ALICE, Direction.TO_CALLER, Direction.TO_CALLEE)
    questions, replies = list[Rekey](), list[Rekey]()
    now = 0.0
    for chance, (action, which) in enumerate((*actions, ("talk", 0)), 1):
        secret = chance.to_bytes(32, "big")
        match action:
            case "ask":
                questions.append(caller.rekeying.ask(secret))
            case "question" if which < len(questions):
                with suppress(RemoteViolation):
                    reply, root = callee.rekeying.reply(questions[-1 - which], secret)
                    callee.opener.adopt(root)
                    callee.awaited = root
                    replies.append(reply)
            case "reply" if which < len(replies):
                with suppress(RemoteViolation):
                    root = caller.rekeying.finish(replies[-1 - which])
                    if root is not None:
                        caller.opener.adopt(root)
                        caller.sealer.adopt(root)
            case "talk":
                for _ in range(2):
                    now += _STEP_S
                    callee.hear(caller.say(now), now)
                    caller.hear(callee.say(now), now)
