"""When aioquic sends again what was lost: sooner than RFC 9002 has it, since people wait for it."""

import math
from typing import Any, cast

from aioquic.quic.connection import QuicConnection
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.recovery import QuicPacketRecovery, QuicPacketSpace

from wzp_core.io.congestion import MediaCongestionControl

_ROUND_TRIPS, _MARGIN_S = 1.25, 0.15
_LONGEST_ROUND_TRIP_S = 2.0
_LONGEST_BACKOFF_S = 0.5  # RFC 9002 doubles the time between probes for ever
_LONGEST_HANDSHAKE_BACKOFF_S = 1.0  # whose probes are whole packets

_FIRST_KBIT = 2 * 8 * 1.228  # of the first packet and its answer, which are filled up (RFC 9000 §14.1), with headers
_NOTICEABLE_S = 0.1
_FARTHEST_S = 0.6  # a satellite's round trip: where even the least is longer, it was in a queue


class ProbingConnection(QuicConnection):
    """Asks again at a rate that costs next to nothing; a peer that is gone is noticed by its silence."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._least_known_s = math.inf
        self._first_rtt_s: float | None = None  # of the first packet and its answer, on this way
        self._loss.on_ack_received = self._on_ack_received  # type: ignore[method-assign]
        self._loss.get_probe_timeout = self._probe_timeout  # type: ignore[method-assign]

    def learn_from(self, before: "ProbingConnection") -> None:
        """Of the same way: the packets of a handshake are not to be sent again before they arrive."""
        self._least_known_s = min(before._least_known_s, before._control.least_rtt)
        known = _ROUND_TRIPS / 2 * min(before._loss._rtt_smoothed, _LONGEST_ROUND_TRIP_S)
        self._loss._rtt_initial = max(self._loss._rtt_initial, known)

    def way_changed(self) -> None:
        """What was learnt of the old one is void."""
        self._least_known_s = self._control.least_rtt = math.inf
        self._first_rtt_s = None

    @property
    def first_kbit_s(self) -> float:
        """About what the way carries, by how much longer a handshake's long packets took than short ones do."""
        least = min(self._least_known_s, self._control.least_rtt, _FARTHEST_S)
        longer_s = 0.0 if self._first_rtt_s is None else self._first_rtt_s - least
        return _FIRST_KBIT / longer_s if longer_s > _NOTICEABLE_S else math.inf

    @property
    def _control(self) -> MediaCongestionControl:
        return cast(MediaCongestionControl, self._loss._cc)

    def handle_timer(self, now: float) -> None:
        super().handle_timer(now)
        loss = self._loss
        space = loss.spaces[0]
        if not self._is_client and len(space.ack_queue) and not space.discarded:
            space.ack_at = now  # an answer that is given again says again what was asked
        most = _LONGEST_BACKOFF_S if self._handshake_confirmed else _LONGEST_HANDSHAKE_BACKOFF_S
        while loss._pto_count and loss.get_probe_timeout() * 2**loss._pto_count > most:
            loss._pto_count -= 1

    def _on_ack_received(self, *, ack_rangeset: RangeSet, ack_delay: float, now: float, space: QuicPacketSpace) -> None:
        """aioquic measures no round trip by what it has sent again meanwhile."""
        if self._first_rtt_s is None and space is self._loss.spaces[0]:
            sent_at = self._control.initials.get(ack_rangeset.bounds().stop - 1)
            self._first_rtt_s = None if sent_at is None else now - sent_at - ack_delay
        QuicPacketRecovery.on_ack_received(
            self._loss, ack_rangeset=ack_rangeset, ack_delay=ack_delay, now=now, space=space
        )

    def _probe_timeout(self, *, include_max_ack_delay: bool = True) -> float:
        """RFC 9002 waits three round trips where it has measured one."""
        loss = self._loss
        by_the_book = QuicPacketRecovery.get_probe_timeout(loss, include_max_ack_delay=include_max_ack_delay)
        if not loss._rtt_initialized:
            return by_the_book
        acknowledged_s = loss.max_ack_delay if include_max_ack_delay else 0.0
        return min(by_the_book, _ROUND_TRIPS * loss._rtt_smoothed + acknowledged_s + _MARGIN_S)
