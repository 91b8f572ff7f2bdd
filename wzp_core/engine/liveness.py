"""When the silence of a link means that it has ended."""

from wzp_core.ports import Link

_ROUND_TRIPS = 4.0  # sooner nothing need come back, however full the queues are
_UNANSWERED = 12  # packets: that all of them were lost, or their answers, is unlikely even where a fifth is each way


def is_lost(link: Link, least_s: float) -> bool:
    """Whether `link` was silent for `least_s` and more than a few packets; where fewer were sent, it is probed.

    So a lifeboat's four packets a second are given more time than fifty.
    """
    stats = link.stats()
    if stats.silent_s <= max(least_s, _ROUND_TRIPS * stats.rtt_ms / 1000):
        return False
    if stats.unanswered >= _UNANSWERED:
        return True
    link.probe()
    return False
