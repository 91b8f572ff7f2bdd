"""Sessions that this relay forwards to others (relay.md §16)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from relay.decide.rooms import room_of
from relay.edge.endpoint import ServerEndpoint
from relay.edge.first_signal import first_signal
from relay.edge.relay_session import SERVER_NAME
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable
from wzp_core.ports import Address, Link
from wzp_core.protocol.ids import Fingerprint, RoomName, TlsFingerprint
from wzp_core.protocol.signal.federation import SessionForward, SessionForwardAck

MOST_SESSIONS = 256


class RelayLinks:
    """A link for each session, since a media packet does not say which one it belongs to; open with `relay_links`."""

    def __init__(self, endpoint: ServerEndpoint, own_address: str) -> None:
        self._endpoint = endpoint
        self._own_address = own_address
        self._links: dict[tuple[Address, str], Link | None] = {}  # None while it is dialled

    async def register_session(
        self,
        relay: Address,
        session_id: str,
        target: Fingerprint,
        on_media: Callable[[bytes], None],
        *,
        pin: TlsFingerprint | None = None,
    ) -> RoomName:
        """Forwards a session to where `target` is; returns the room it is in there.

        `on_media` gets what is said in that room. Raises Unavailable, and RemoteViolation for a relay that is not
        the pinned one or does not take the session.
        """
        key = relay, session_id
        if key in self._links:
            raise LocalMisuse(ErrorCode.BUSY, what="forwarded session", session_id=session_id)
        if len(self._links) >= MOST_SESSIONS:
            raise Unavailable(ErrorCode.LIMIT, what="forwarded sessions")
        self._links[key] = None
        try:
            link = await self._endpoint.dial(relay, SERVER_NAME, pin=pin, show_certificate=True)
            self._links[key] = link
            link.send_signal(
                SessionForward(session_id=session_id, target_fingerprint=target, source_relay=self._own_address)
            )
            ack, _ = await first_signal(link, SessionForwardAck)
            if ack.session_id != session_id:
                raise RemoteViolation(ErrorCode.BAD_VALUE, what="session id")
            room = room_of(ack.room_name)
        except BaseException:
            self.unregister_session(relay, session_id)
            raise
        link.on_media(on_media)
        return room

    def forward_to(self, relay: Address, session_id: str, datagram: bytes) -> bool:
        """Whether the packet is on its way: not over a link that has ended, nor of a session that is not there."""
        link = self._links.get((relay, session_id))
        return link is not None and link.send_media(datagram)

    def unregister_session(self, relay: Address, session_id: str) -> None:
        """Closes its link."""
        link = self._links.pop((relay, session_id), None)
        if link is not None:
            link.close()

    def close(self) -> None:
        for relay, session_id in list(self._links):
            self.unregister_session(relay, session_id)


@asynccontextmanager
async def relay_links(endpoint: ServerEndpoint, own_address: str) -> AsyncIterator[RelayLinks]:
    """All sessions end with the block."""
    links = RelayLinks(endpoint, own_address)
    try:
        yield links
    finally:
        links.close()
