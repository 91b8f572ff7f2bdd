"""One session that another relay forwards to this one (relay.md §16)."""

from relay.decide.rooms import forwarded_room
from relay.edge.endpoint import ServerLink
from relay.edge.first_signal import first_signal
from relay.edge.mesh_node import MeshNode
from relay.edge.room_plane import RoomPlane
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.logs import event, logger
from wzp_core.protocol.signal.federation import SessionForward, SessionForwardAck

SERVER_NAME = "_relay"

log = logger("relay")


async def serve_forwarded(link: ServerLink, plane: RoomPlane, node: MeshNode) -> None:
    """Until the other relay ends the session. Raises RemoteViolation for a relay that nobody trusts."""
    with node.judged(link) as is_trusted:
        if not is_trusted:
            raise RemoteViolation(ErrorCode.WRONG_IDENTITY, what="relay link", shown=link.peer_certificate)
        link.lift_limits()
        await _serve(link, plane)


async def _serve(link: ServerLink, plane: RoomPlane) -> None:
    asked, _ = await first_signal(link, SessionForward)
    room = forwarded_room(asked.session_id)
    bridge = plane.bridge(link, room)
    try:
        link.send_signal(SessionForwardAck(session_id=asked.session_id, room_name=room))
        event(log, "relay:session_forwarded", room=room, peer=asked.source_relay, target=asked.target_fingerprint)
        link.on_media(bridge.forward)
        await link.wait_closed()
    finally:
        plane.unbridge(bridge)
