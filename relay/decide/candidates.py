"""The addresses under which a party of a call may be reached, and who may know them."""

from dataclasses import dataclass, replace

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import CallSetup, DirectCallAnswer, DirectCallOffer

_MOST_ADDRESSES = 16
_LONGEST_ADDRESS = 64  # "[v6]:port" with a scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What one party said about itself, bounded; opaque to the relay."""

    reflexive: str | None = None
    local: tuple[str, ...] = ()
    mapped: str | None = None

    @classmethod
    def of_offer(cls, offer: DirectCallOffer) -> "Candidates":
        return _bounded(offer.caller_reflexive_addr, offer.caller_local_addrs, offer.caller_mapped_addr)

    @classmethod
    def of_answer(cls, answer: DirectCallAnswer) -> "Candidates":
        return _bounded(answer.callee_reflexive_addr, answer.callee_local_addrs, answer.callee_mapped_addr)

    def setup(self, call_id: CallId, room: str, relay_addr: str) -> CallSetup:
        """The set-up for the *other* party."""
        return CallSetup(
            call_id=call_id,
            room=room,
            relay_addr=relay_addr,
            peer_direct_addr=self.reflexive,
            peer_local_addrs=self.local,
            peer_mapped_addr=self.mapped,
        )


NOWHERE = Candidates()


def offer_without_addresses(offer: DirectCallOffer) -> DirectCallOffer:
    """What rings: whether the callee may learn the caller's addresses is known only from its answer."""
    return replace(offer, caller_reflexive_addr=None, caller_local_addrs=(), caller_mapped_addr=None)


def answer_without_addresses(answer: DirectCallAnswer) -> DirectCallAnswer:
    return replace(answer, callee_reflexive_addr=None, callee_local_addrs=(), callee_mapped_addr=None)


def _bounded(reflexive: str | None, local: tuple[str, ...], mapped: str | None) -> Candidates:
    kept = [address for address in local if len(address) <= _LONGEST_ADDRESS]
    return Candidates(reflexive=_short(reflexive), local=tuple(kept[:_MOST_ADDRESSES]), mapped=_short(mapped))


def _short(address: str | None) -> str | None:
    return address if address is not None and len(address) <= _LONGEST_ADDRESS else None
