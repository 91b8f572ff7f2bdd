"""When aioquic sends again what was lost: sooner than RFC 9002 has it, since people wait for it."""

from typing import Any

from aioquic.quic.connection import QuicConnection
from aioquic.quic.recovery import QuicPacketRecovery

_ROUND_TRIPS, _MARGIN_S = 1.25, 0.15
_LONGEST_ROUND_TRIP_S = 2.0
_LONGEST_BACKOFF_S = 0.5  # RFC 9002 doubles the time between probes for ever
_LONGEST_HANDSHAKE_BACKOFF_S = 1.0  # whose probes are whole packets


class ProbingConnection(QuicConnection):
    """Asks again at a rate that costs next to nothing; a peer that is gone is noticed by its silence."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._loss.get_probe_timeout = self._probe_timeout  # type: ignore[method-assign]

    def expect_round_trip(self, seconds: float) -> None:
        """What is known of the way before the handshake, so that its packets are not sent again before they arrive."""
        known = _ROUND_TRIPS / 2 * min(seconds, _LONGEST_ROUND_TRIP_S)
        self._loss._rtt_initial = max(self._loss._rtt_initial, known)

    def handle_timer(self, now: float) -> None:
        super().handle_timer(now)
        loss = self._loss
        most = _LONGEST_BACKOFF_S if self._handshake_confirmed else _LONGEST_HANDSHAKE_BACKOFF_S
        while loss._pto_count and loss.get_probe_timeout() * 2**loss._pto_count > most:
            loss._pto_count -= 1

    def _probe_timeout(self, *, include_max_ack_delay: bool = True) -> float:
        """RFC 9002 waits three round trips where it has measured one."""
        loss = self._loss
        by_the_book = QuicPacketRecovery.get_probe_timeout(loss, include_max_ack_delay=include_max_ack_delay)
        if not loss._rtt_initialized:
            return by_the_book
        acknowledged_s = loss.max_ack_delay if include_max_ack_delay else 0.0
        return min(by_the_book, _ROUND_TRIPS * loss._rtt_smoothed + acknowledged_s + _MARGIN_S)
