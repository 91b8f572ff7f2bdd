from relay.decide.effects import ConnectionId, Send
from relay.decide.repeats import KEPT_S, Repeats
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.signal.call import Hangup, HangupReason

A = Fingerprint(":".join(["aaaa"] * 8))
CALL = CallId("x")
GOODBYE = Send(A, Hangup(reason=HangupReason.NORMAL, call_id=CALL))
BUSY = Send(A, Hangup(reason=HangupReason.BUSY, call_id=CALL))
FIRST, SECOND = ConnectionId(1), ConnectionId(2)


def test_a_word_is_said_again_by_every_new_way_and_not_by_the_old_one() -> None:
    repeats = Repeats()
    repeats.say(CALL, GOODBYE, FIRST, 0.0)
    assert repeats.again(lambda _: FIRST, 1.0) == []
    assert repeats.again(lambda _: SECOND, 2.0) == [GOODBYE]
    assert repeats.again(lambda _: SECOND, 3.0) == []
    assert repeats.again(lambda _: None, 4.0) == []
    assert repeats.again(lambda _: SECOND, 5.0) == [GOODBYE]
    assert repeats.again(lambda _: FIRST, KEPT_S + 1.0) == []


def test_what_has_been_heard_is_not_repeated() -> None:
    repeats = Repeats()
    repeats.say(CALL, BUSY, FIRST, 0.0)
    repeats.say(CallId("y"), GOODBYE, FIRST, 0.0)
    assert repeats.again(lambda _: SECOND, 1.0) == [BUSY, GOODBYE]
    repeats.drop(CALL)
    assert repeats.again(lambda _: FIRST, 1.0) == [GOODBYE]


def test_only_so_many_words_are_kept() -> None:
    repeats = Repeats()
    for number in range(2000):
        repeats.say(CallId(str(number)), GOODBYE, FIRST, 0.0)
    assert len(repeats.again(lambda _: SECOND, 1.0)) == 1000
