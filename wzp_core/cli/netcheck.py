"""`wzp netcheck`: what kind of network this is, which relay is near, and whether direct calls will work."""

import sys
from argparse import ArgumentParser, Namespace
from contextlib import AsyncExitStack

from wzp_core.cli.flags import add_common_flags, relay_address
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import make_world
from wzp_core.engine.netcheck import Asked, netcheck
from wzp_core.nat.report import as_json, as_text
from wzp_core.session.state import NetcheckStep
from wzp_core.settings.schema import NetworkSettings

_DONE = {
    NetcheckStep.STUN: "public servers asked",
    NetcheckStep.RELAYS: "relays asked",
    NetcheckStep.HAIRPIN: "way back inside tried",
    NetcheckStep.MAPPING: "router asked",
}


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument(
        "--relay",
        type=relay_address,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="relay to ask; may be given often",
    )


async def run(options: Namespace, output: Output) -> Exit:
    network = NetworkSettings(use_stun=not options.no_stun)
    asked = Asked(
        relays=tuple((address, address) for address in options.relay),
        stun_servers=tuple(options.stun) if options.stun and not options.no_stun else network.servers,
        port_mapping=not options.no_stun,
    )
    world = make_world(profile=options.profile, seed_file=options.seed_file, device="none", alias="", network=network)
    async with AsyncExitStack() as held:
        endpoint = await held.enter_async_context(world.open_endpoint())
        if asked.port_mapping and world.port_mapping is not None:
            await held.enter_async_context(world.port_mapping.hold(lambda: endpoint.local_addresses))
        report = await netcheck(endpoint, world, asked, _tell)
    if options.json:
        output.summary(**as_json(report))
    output.text(as_text(report))
    unreached = bool(asked.relays) and report.preferred_relay is None
    silent = report.preferred_relay is None and report.stun_latency_ms is None
    return Exit.CANNOT_REACH if unreached or silent else Exit.OK


def _tell(step: NetcheckStep) -> None:
    print(f"{list(_DONE).index(step) + 1}/{len(_DONE)} {_DONE[step]}", file=sys.stderr, flush=True)
