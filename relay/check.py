"""`wzp-relay --check`: whether a relay with these settings could serve, and what is to be done where not."""

import asyncio
import errno
import ipaddress
import os
import socket
import stat
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from relay.config import PeerRelay, RelayConfig
from relay.edge.addresses import address_text
from relay.identity import read_seed
from wzp_core.console import Finding
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.errors import RemoteViolation, Unavailable, WzpError
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.quic import open_endpoint
from wzp_core.io.udp import KERNEL_BUFFER_BYTES
from wzp_core.ports import Address
from wzp_core.protocol.address import split_address
from wzp_core.protocol.ids import TlsFingerprint

_ANSWER_LIMIT_S = 2.0
_LOOPBACK_OF = {4: "127.0.0.1", 6: "::1"}


def configuration_finding(path: Path | None, unknown: Sequence[str] = ()) -> Finding:
    """Of a file that could be read, or is not there."""
    if path is None:
        return Finding("configuration", True, "no file: flags and defaults")
    if not path.exists():
        return Finding(
            "configuration", True, f"{path} does not exist: defaults", "the first start writes an example there"
        )
    advice = f"these keys mean nothing and are ignored: {', '.join(unknown)}" if unknown else ""
    return Finding("configuration", True, f"{path} is understood", advice)


async def findings(config: RelayConfig) -> list[Finding]:
    """Everything but the file, in the order in which a start needs it. Binds ports for a moment, changes nothing."""
    identity, fingerprint = identity_findings(config.identity_path)
    refusal = bind_error(socket.SOCK_DGRAM, config.listen)
    runs = _is_taken(refusal) and fingerprint is not None and await _answers(config.listen, fingerprint)
    if runs:
        port = Finding("port", True, f"UDP {address_text(config.listen)} is held by this very relay, which runs")
    else:
        port = port_finding("port", "UDP", "listen_addr", config.listen, refusal)
    return [
        *identity,
        port,
        *await _worker_findings(config, fingerprint if runs else None),
        buffer_finding(config.listen),
        await advertised_finding(config, Interfaces().addresses()),
        http_finding(config, is_running=runs),
        *await asyncio.gather(*map(peer_finding, config.peers)),
    ]


async def _worker_findings(config: RelayConfig, runs: TlsFingerprint | None) -> list[Finding]:
    """Of each worker's port: free, or answered where this very relay runs, with the certificate `runs`."""
    host, first = config.listen
    ports = [(host, first + number) for number in range(1, config.workers + 1) if first]
    if runs is None:
        return [
            port_finding("worker port", "UDP", "listen_addr", each, bind_error(socket.SOCK_DGRAM, each))
            for each in ports
        ]
    answers = await asyncio.gather(*(_answers(each, runs) for each in ports))
    found = zip(ports, answers, strict=True)
    advice = "it is started again by itself; the log tells why it ended, as relay:worker_lost"
    return [
        Finding("worker", True, f"UDP {address_text(each)} answers")
        if answered
        else Finding("worker", False, f"UDP {address_text(each)} does not answer", advice)
        for each, answered in found
    ]


def identity_findings(path: Path) -> tuple[list[Finding], TlsFingerprint | None]:
    """The second is of the certificate, where there is an identity."""
    if not path.exists():
        return [_missing_identity(path)], None
    try:
        fingerprint = tls_identity(relay_tls_seed(read_seed(path))).fingerprint
    except Unavailable as error:
        advice = "restore it from a backup; without one remove it, and clients will be asked about a new key"
        return [Finding("identity", False, f"{path}: {error.facts['reason']}", advice)], None
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        advice = f"chmod 600 {path}; if others did read it, remove it for a new key"
        found = Finding("identity", False, f"{path} is open to other users (mode {mode:o})", advice)
    else:
        found = Finding("identity", True, str(path))
    return [found, Finding("fingerprint", True, fingerprint)], fingerprint


def _missing_identity(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            "identity", False, f"{path} cannot be made: {folder} is not writable", "choose another --data-dir"
        )
    return Finding("identity", True, f"{path} does not exist", "the first start makes it")


def bind_error(kind: socket.SocketKind, address: Address) -> OSError | None:
    """Why the port cannot be had; None where it can."""
    try:
        with closing(socket.socket(_family(address), kind)) as sock:
            if ":" in address[0]:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind is socket.SOCK_STREAM and os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            sock.bind(address)
    except OSError as error:
        return error
    return None


def port_finding(what: str, protocol: str, key: str, address: Address, error: OSError | None) -> Finding:
    """In words for whom an errno says nothing; `key` is the setting."""
    shown, port = f"{protocol} {address_text(address)}", address[1]
    if error is None:
        return Finding(what, True, f"{shown} is free")
    tool = f"ss -{'u' if protocol == 'UDP' else 't'}lpn 'sport = :{port}'"
    match error.errno:
        case errno.EADDRINUSE:
            detail, advice = "is taken by another program", f"end that ({tool} shows it) or set {key} to another port"
        case errno.EACCES | errno.EPERM:
            detail = "is privileged: ports below 1024 are not for every user"
            advice = f"set {key} to 1024 or more, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE"
        case errno.EADDRNOTAVAIL:
            detail, advice = "is no address of this machine", f"set {key} to one of its addresses, or 0.0.0.0 for all"
        case errno.EAFNOSUPPORT:
            detail, advice = "cannot be had: this machine has no IPv6", f"set {key} to an IPv4 address"
        case _:
            detail, advice = f"cannot be had: {error.strerror}", f"set {key} to another port"
    return Finding(what, False, f"{shown} {detail}", advice)


def buffer_finding(address: Address) -> Finding:
    """Of the kernel, for a burst of datagrams while the relay is busy."""
    try:
        with closing(socket.socket(_family(address), socket.SOCK_DGRAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_BYTES)
            size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    except OSError as error:
        return Finding("buffer", True, f"unknown: {error.strerror}")
    if sys.platform == "linux":
        size //= 2  # it tells twice of what it was asked (socket(7))
    if size >= KERNEL_BUFFER_BYTES:
        return Finding("buffer", True, f"{size // 1024} KiB for bursts of datagrams")
    advice = f"many participants want more: sysctl -w net.core.rmem_max={KERNEL_BUFFER_BYTES}"
    return Finding("buffer", True, f"only {size // 1024} KiB for bursts of datagrams", advice)


async def advertised_finding(config: RelayConfig, own: tuple[str, ...]) -> Finding:
    """What clients are told to send media to; `own` are the machine's addresses."""
    what = "advertised"
    if not config.advertised_addr:
        return _default_address(config.listen, own)
    host, _, port = config.advertised_addr.rpartition(":")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host.removeprefix("[").removesuffix("]"), int(port), type=socket.SOCK_DGRAM
        )
    except OSError as error:
        detail = f"the name {host} of {config.advertised_addr} is unknown: {error.strerror}"
        return Finding(what, False, detail, "correct advertised_addr, or the name's entry in the DNS")
    ip = ipaddress.ip_address(found[0][4][0])
    advice = ""
    if ip.is_unspecified or ip.is_multicast:
        return Finding(what, False, f"nobody can send to {ip}", "set advertised_addr to what clients reach you by")
    if ip.is_loopback and not ipaddress.ip_address(config.listen[0]).is_loopback:
        return Finding(what, False, f"{ip} is every client itself", "set advertised_addr to what clients reach you by")
    if ip.is_private and not ip.is_loopback:
        advice = "private: reached only from your own network"
    elif str(ip) not in own:
        further = f", and the {config.workers} ports after that likewise" if config.workers else ""
        advice = f"not of this machine: the router has to forward UDP {port} to port {config.listen[1]} here{further}"
    return Finding(what, True, config.advertised_addr, advice)


def _default_address(listen: Address, own: tuple[str, ...]) -> Finding:
    what, ip = "advertised", ipaddress.ip_address(listen[0])
    if not ip.is_unspecified:
        advice = "only programs on this machine can reach it" if ip.is_loopback else ""
        return Finding(what, True, f"clients are told {address_text(listen)}", advice)
    public = [text for text in own if ipaddress.ip_address(text.partition("%")[0]).is_global]
    advice = "" if public else "no address of this machine is public: behind a router, set advertised_addr"
    return Finding(what, True, "clients are told the address that their packets come to", advice)


def http_finding(config: RelayConfig, *, is_running: bool) -> Finding:
    """`is_running`: this very relay, which may well hold the port."""
    if not config.http_port:
        return Finding("http", True, "off: http_port is not set")
    address = (config.http_host, config.http_port)
    refusal = bind_error(socket.SOCK_STREAM, address)
    if is_running and _is_taken(refusal):
        return Finding("http", True, f"TCP {address_text(address)} is taken, as it should be while the relay runs")
    found = port_finding("http", "TCP", "http_port", address, refusal)
    if not found.ok or ipaddress.ip_address(config.http_host).is_loopback:
        return found
    advice = "others may ask, and the token crosses the network in clear: better put a TLS proxy before it"
    return Finding("http", True, found.detail, advice)


async def peer_finding(peer: PeerRelay) -> Finding:
    """A relay that does not answer now may do so later; one with another key never gets a link."""
    shown = f"{peer.label or 'relay'} at {peer.url}"
    host, port = split_address(peer.url) or ("", 0)  # of a checked setting: never the latter
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        await _dialled((str(found[0][4][0]), port), peer.fingerprint)
    except OSError as error:
        return Finding("peer", False, f"{shown}: the name is unknown: {error.strerror}", "correct the url of [[peers]]")
    except RemoteViolation as error:
        advice = f"if that is right, set the fingerprint of [[peers]] to {error.facts.get('got')}"
        return Finding("peer", False, f"{shown} shows another key than configured", advice)
    except WzpError:
        return Finding("peer", True, f"{shown} does not answer now", "it is dialled again until it does")
    return Finding("peer", True, f"{shown} answers and shows the right key")


def _is_taken(error: OSError | None) -> bool:
    return error is not None and error.errno == errno.EADDRINUSE


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


async def _answers(listen: Address, fingerprint: TlsFingerprint) -> bool:
    """Whether a relay with this certificate answers there."""
    ip = ipaddress.ip_address(listen[0])
    try:
        await _dialled((_LOOPBACK_OF[ip.version] if ip.is_unspecified else listen[0], listen[1]), fingerprint)
    except WzpError:
        return False
    return True


async def _dialled(address: Address, fingerprint: TlsFingerprint) -> None:
    """Raises Unavailable where nobody answers and RemoteViolation where that shows another certificate."""
    async with open_endpoint(("::" if ":" in address[0] else "0.0.0.0", 0)) as endpoint:  # noqa: S104
        link = await endpoint.dial(address, "ping", pin=fingerprint, timeout_s=_ANSWER_LIMIT_S)
        link.close("check")
