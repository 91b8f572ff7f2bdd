"""`wzp web`: rooms in a browser. It serves a page, and carries the browser's sound to a relay and back."""

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path

from wzp_core.cli.flags import add_common_flags, add_expect_flag, count_from, relay_address
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import open_dialling_endpoint, resolve
from wzp_core.errors import Unavailable
from wzp_core.protocol.address import split_address


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument(
        "--relay", type=relay_address, default="127.0.0.1:4433", metavar="HOST:PORT", help="(%(default)s)"
    )
    add_expect_flag(parser)
    parser.add_argument("--port", type=count_from(0), default=8080, help="TCP port of the page (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="on which address; 0.0.0.0 is all (%(default)s)")
    parser.add_argument("--tls", action="store_true", help="https, which browsers want on other machines")
    parser.add_argument("--cert", type=Path, metavar="PEM", help="certificate for --tls; else one for this run is made")
    parser.add_argument("--key", type=Path, metavar="PEM", help="its key")
    parser.add_argument(
        "--auth-url",
        default="",
        metavar="URL",
        help="service that knows the tokens of browsers (the relay has to do without: its tokens belong to identities)",
    )


async def run(options: Namespace, output: Output) -> Exit:
    """Until Ctrl-C."""
    from aiohttp import web  # takes long to load, which other commands have no use for

    from wzp_core.cli.web_bridge import WebBridge, encryption

    try:
        address = await resolve(*(split_address(options.relay) or ("", 0)))
        tls = encryption(options.cert, options.key) if options.tls else None
    except Unavailable as error:
        output.error(f"The relay {options.relay} cannot be found ({error.facts.get('cause')}).")
        return Exit.CANNOT_REACH
    except OSError as error:  # an SSLError is one
        output.error(f"The certificate cannot be used: {error}.")
        return Exit.USAGE
    async with open_dialling_endpoint(address) as endpoint:
        runner = web.AppRunner(
            WebBridge(endpoint, address, options.expect, options.auth_url).app(), access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, options.host, options.port, ssl_context=tls)
            await site.start()
            port = runner.addresses[0][1]
            scheme = "https" if options.tls else "http"
            output.event("listening", url=f"{scheme}://{options.host}:{port}/", relay=options.relay)
            await asyncio.Event().wait()
        except OSError as error:
            output.error(f"TCP {options.host}:{options.port} cannot be used: {error.strerror}.")
        finally:
            await runner.cleanup()
    return Exit.CANNOT_REACH
