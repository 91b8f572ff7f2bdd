import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.decide.tokens import check_owner, owner
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.protocol.ids import Fingerprint

FINGERPRINT = Fingerprint("518e:b935:ff24:e62c:d3a9:9c1f:7e60:4d21")


def answer(**fields: object) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize("written", [FINGERPRINT, FINGERPRINT.upper(), FINGERPRINT.replace(":", "")])
def test_a_valid_token_belongs_to_its_fingerprint_however_that_is_written(written: str) -> None:
    assert owner(200, answer(valid=True, fingerprint=written, alias="x")) == FINGERPRINT
    check_owner(owner(204, answer(valid=True, fingerprint=written)), FINGERPRINT)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, answer(valid=False)), (200, answer(valid=False, fingerprint=FINGERPRINT)), (401, b""), (404, b"<html>")],
)
def test_a_refused_token_is_refused(status: int, body: bytes) -> None:
    with pytest.raises(RemoteViolation) as refused:
        owner(status, body)
    assert refused.value.code is ErrorCode.TOKEN_REFUSED


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, answer(valid=True, fingerprint=FINGERPRINT)),
        (302, answer(valid=True, fingerprint=FINGERPRINT)),
        (200, b""),
        (200, b"\xff\xfe"),
        (200, b"[" * 100_000),
        (200, b'"yes"'),
        (200, answer(valid="true", fingerprint=FINGERPRINT)),
        (200, answer(valid=True)),
        (200, answer(valid=True, fingerprint="")),
        (200, answer(valid=True, fingerprint=None)),
    ],
)
def test_a_service_that_answers_nonsense_lets_nobody_in_and_blames_no_token(status: int, body: bytes) -> None:
    with pytest.raises(Unavailable) as refused:
        owner(status, body)
    assert refused.value.code is ErrorCode.TOKEN_UNCHECKED


def test_anothers_token_is_refused() -> None:
    with pytest.raises(RemoteViolation) as refused:
        check_owner(FINGERPRINT, Fingerprint("0" * 39))
    assert refused.value.code is ErrorCode.TOKEN_REFUSED


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["valid", "fingerprint", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(status=st.integers(100, 599), body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_answer_can_do_worse_than_refuse(status: int, body: bytes) -> None:
    try:
        owner(status, body)
    except WzpError:
        return
    assert 200 <= status < 300
    assert json.loads(body)["valid"] is True
