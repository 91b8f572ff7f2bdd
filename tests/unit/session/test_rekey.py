"""Fresh keys in a long call."""

from dataclasses import replace

import pytest

from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.session.rekey import Rekeying

ALICE, BOB = (Identity.from_seed(bytes([n]) * 32) for n in (1, 2))
ID, ROOT = CallId("18a1"), b"\x09" * 32


def pair() -> tuple[Rekeying, Rekeying]:
    return Rekeying(ALICE, BOB.public_key, ID, ROOT), Rekeying(BOB, ALICE.public_key, ID, ROOT)


def test_both_sides_mix_the_same_root_round_after_round() -> None:
    caller, callee = pair()
    roots = [ROOT]
    for n in range(3):
        reply, at_callee = callee.reply(caller.ask(bytes([10 + n]) * 32), bytes([20 + n]) * 32)
        assert caller.finish(reply) == at_callee
        roots.append(at_callee)
    assert len(set(roots)) == 4


def test_a_forged_question_is_refused_and_a_repeated_one_answered_as_before() -> None:
    caller, callee = pair()
    question = caller.ask(b"\x0a" * 32)
    replied = callee.reply(question, b"\x14" * 32)
    assert callee.reply(question, b"\x16" * 32) == replied
    for bad in (replace(question, new_ephemeral_pub=BOB.public_key), replace(question, signature=b"")):
        with pytest.raises(RemoteViolation) as refused:
            callee.reply(bad, b"\x15" * 32)
        assert refused.value.code is ErrorCode.BAD_SIGNATURE


def test_a_reply_to_another_question_is_refused_and_one_to_none_ignored() -> None:
    caller, callee = pair()
    reply, _ = callee.reply(caller.ask(b"\x0a" * 32), b"\x14" * 32)
    again = caller.ask(b"\x0b" * 32)
    with pytest.raises(RemoteViolation):
        caller.finish(reply)
    late, root = callee.reply(again, b"\x15" * 32)
    assert caller.finish(late) == root
    assert caller.finish(late) is None


def test_a_lost_reply_costs_no_later_round() -> None:
    caller, callee = pair()
    for n in range(5):
        callee.reply(caller.ask(bytes([10 + n]) * 32), bytes([20 + n]) * 32)  # and nobody hears it
    reply, root = callee.reply(caller.ask(b"\x30" * 32), b"\x31" * 32)
    assert caller.finish(reply) == root
    reply, root = callee.reply(caller.ask(b"\x32" * 32), b"\x33" * 32)
    assert caller.finish(reply) == root
