"""Which options take effect while the relay runs, when its operator has changed the file and says so."""

from dataclasses import replace

from relay.config import RelayConfig, options, toml_key

LIVE = frozenset(
    {
        "region",
        "auth_url",
        "require_signatures",
        "max_sessions",
        "max_rooms",
        "max_room_members",
        "loudest",
        "trunking",
        "room_quality",
        "debug_tap",
        "max_clients",
        "max_calls_per_client",
        "max_rooms_per_client",
        "max_undecided_links",
        "max_share_per_address",
        "offers_per_minute",
        "offers_per_minute_and_address",
        "registrations_per_minute",
        "registrations_per_minute_and_address",
        "signals_per_second",
        "signal_kbit_per_second",
        "connections_per_second",
        "handshakes_per_second",
        "packets_per_second",
        "packets_per_second_and_address",
        "media_packets_per_second",
        "media_kbit_per_second",
        "log_level",
        "http_token",
        "federation_trust_hello",
        "peers",
        "trusted",
        "global_rooms",
        "probe",
        "rooms",
    }
)
"""Whatever else there is belongs to a socket or service that is open already."""


def reloaded(current: RelayConfig, wanted: RelayConfig) -> tuple[RelayConfig, list[str], list[str]]:
    """What is in force next, the keys that changed, and those whose change waits for a restart."""
    differing = [spec for spec in options() if getattr(current, spec.name) != getattr(wanted, spec.name)]
    live = [spec for spec in differing if spec.name in LIVE]
    config = replace(current, **{spec.name: getattr(wanted, spec.name) for spec in live})
    return config, [toml_key(spec) for spec in live], [toml_key(spec) for spec in differing if spec not in live]
