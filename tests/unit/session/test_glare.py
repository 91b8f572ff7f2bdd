"""Two people call each other at the same moment."""

from hypothesis import given
from hypothesis import strategies as st

from wzp_core.protocol.ids import Fingerprint, fingerprint_text
from wzp_core.session.glare import Glare, settle_glare

fingerprints = st.binary(min_size=16, max_size=16).map(fingerprint_text)


@given(fingerprints, fingerprints)
def test_exactly_one_of_two_crossing_offers_stands(a: Fingerprint, b: Fingerprint) -> None:
    if a != b:
        decisions = {settle_glare(a, b, dialling=b), settle_glare(b, a, dialling=a)}
        assert decisions == {Glare.INSIST, Glare.YIELD}


@given(fingerprints, fingerprints, fingerprints)
def test_a_third_party_is_no_glare(me: Fingerprint, caller: Fingerprint, dialled: Fingerprint) -> None:
    if dialled != caller:
        assert settle_glare(me, caller, dialling=dialled) is Glare.NONE
    assert settle_glare(me, caller, dialling=None) is Glare.NONE
