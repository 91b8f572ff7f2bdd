from relay.decide.effects import ConnectionId, Send
from relay.decide.last_words import KEPT_S, LastWords
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.signal.call import Hangup, HangupReason

A = Fingerprint(":".join(["aaaa"] * 8))
GOODBYE = Send(A, Hangup(reason=HangupReason.NORMAL, call_id=CallId("x")))
FIRST, SECOND = ConnectionId(1), ConnectionId(2)


def test_a_goodbye_is_said_again_by_every_new_way_and_not_by_the_old_one() -> None:
    words = LastWords()
    words.say(GOODBYE, FIRST, 0.0)
    assert words.again(lambda _: FIRST, 1.0) == []
    assert words.again(lambda _: SECOND, 2.0) == [GOODBYE]
    assert words.again(lambda _: SECOND, 3.0) == []
    assert words.again(lambda _: None, 4.0) == []
    assert words.again(lambda _: SECOND, 5.0) == [GOODBYE]
    assert words.again(lambda _: FIRST, KEPT_S + 1.0) == []


def test_only_so_many_goodbyes_are_kept() -> None:
    words = LastWords()
    for _ in range(2000):
        words.say(GOODBYE, FIRST, 0.0)
    assert len(words.again(lambda _: SECOND, 1.0)) == 1000
