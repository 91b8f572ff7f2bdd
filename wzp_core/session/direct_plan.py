"""Whether, and how, one side of a call looks for a direct path (calls.md §6.1)."""

from dataclasses import dataclass, field

from wzp_core.nat.candidates import Candidates
from wzp_core.nat.race import Role, role_of
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import CallSetup
from wzp_core.session.state import PathReason


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectPlan:
    """`root` None: an older peer, which can prove nothing."""

    call_id: CallId
    role: Role
    is_caller: bool
    own: Candidates  # as they were told to the peer
    peer: Candidates
    root: bytes | None = field(repr=False)


def direct_plan(
    setup: CallSetup, own: Candidates | None, *, is_caller: bool, private: bool, root: bytes | None
) -> DirectPlan | PathReason:
    """`own` None: the settings keep every address of ours to ourselves; `private`: the callee's user did."""
    if private and not (is_caller and own is None):
        return PathReason.PRIVATE
    if own is None:
        return PathReason.SETTING
    peer = Candidates(
        reflexive=setup.peer_direct_addr, hosts=tuple(setup.peer_local_addrs), mapped=setup.peer_mapped_addr
    )
    role = role_of(own.reflexive, peer.reflexive)
    if role is None and root is not None and (peer.reflexive or peer.hosts or peer.mapped):
        role = Role.DIALER if is_caller else Role.ACCEPTOR  # older builds do not look at all then
    if role is None:
        return PathReason.NO_CANDIDATES
    return DirectPlan(call_id=setup.call_id, role=role, is_caller=is_caller, own=own, peer=peer, root=root)
