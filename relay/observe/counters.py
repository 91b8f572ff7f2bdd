"""What the relay counts: one table, written by the edges and read by whoever shows it.

Every field is a metric by itself (observe/metrics.py): a total `wzp_relay_NAME_total`, a number of now
`wzp_relay_active_NAME`.
"""

from dataclasses import dataclass

from wzp_core.protocol.ids import TlsFingerprint


@dataclass(slots=True, kw_only=True)
class Counters:
    """Totals since the start of the relay."""

    links_accepted: int = 0
    links_refused: int = 0  # over a limit
    links_failed: int = 0  # ended by a violation, a refusal or an error of ours
    malformed_datagrams: int = 0  # not even QUIC
    handshakes_refused: int = 0  # of addresses that were shown to be real, over a limit
    packets_refused: int = 0  # unread, of clients that send more than they may
    slow_readers_cut: int = 0
    auth_accepted: int = 0  # a registration or a join with a signature or token, and rightly
    auth_refused: int = 0
    registrations: int = 0
    registrations_refused: int = 0
    probes: int = 0
    signals_received: int = 0
    signals_refused: int = 0  # against the rules of a call, or over a limit
    offers_limited: int = 0
    gossip_refused: int = 0  # of relays that nobody configured, or too much, or entries that are no fingerprints
    route_queries: int = 0
    joins: int = 0
    joins_refused: int = 0
    packets_received: int = 0
    packets_forwarded: int = 0  # one for each recipient
    bytes_forwarded: int = 0
    packets_malformed: int = 0
    packets_limited: int = 0  # of a participant that sends more than it may
    packets_foreign_stream: int = 0  # claimed another sender's stream id
    packets_withheld: int = 0  # of members that were not among the loudest
    worker_restarts: int = 0


@dataclass(slots=True, kw_only=True)
class PeerStats:
    """One federated relay; kept while it is configured, with totals since the start."""

    label: str
    fingerprint: TlsFingerprint
    up: bool = False
    rtt_ms: float = 0.0
    packets_in: int = 0
    packets_out: int = 0


@dataclass(slots=True, kw_only=True)
class FederationCounters:
    """Totals since the start of the relay, over all links with other relays."""

    links_refused: int = 0  # of relays that are not trusted, or a second one
    signals_refused: int = 0  # against the rules between relays
    packets_deduped: int = 0
    packets_rate_limited: int = 0
    packets_malformed: int = 0
    packets_foreign_stream: int = 0  # under a stream id of nobody behind that link
    packets_without_room: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayStats:
    """What is going on now, beside a copy of the totals."""

    clients: int
    calls: int
    rooms: int
    sessions: int
    workers: int
    totals: Counters
