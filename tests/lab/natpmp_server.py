"""A router's NAT-PMP server that also tells private addresses, as routers behind a carrier's do.

A program of its own (`python natpmp_server.py LAN_ADDRESS EXTERNAL_ADDRESS`) in the router's namespace; the ports it
gives are elements of the map `granted`.  It prints "ready" when it runs.
"""

import ipaddress
import socket
import struct
import subprocess
import sys

TABLE = """
table ip natpmp {
  map granted { type inet_service : ipv4_addr . inet_service; }
  chain in { type nat hook prerouting priority -101; iifname "wan" dnat ip to udp dport map @granted; }
}
"""
LET_IN = "insert rule inet firewall forward ct status dnat accept"
_LIFETIME_S = 3600


def answer(request: bytes, client: str, external: str) -> bytes | None:
    if request == b"\0\0":
        return struct.pack("!BBHI", 0, 128, 0, 1) + ipaddress.IPv4Address(external).packed
    if len(request) != 12 or request[:2] != b"\0\1":
        return None
    inside, outside, lifetime = struct.unpack("!HHI", request[4:])
    if not lifetime:
        return struct.pack("!BBHIHHI", 0, 129, 0, 1, inside, 0, 0)
    element = f"{{ {outside} : {client} . {inside} }}"
    subprocess.run(["nft", "add", "element", "ip", "natpmp", "granted", element], check=True)
    return struct.pack("!BBHIHHI", 0, 129, 0, 1, inside, outside, _LIFETIME_S)


def main() -> None:
    lan, external = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((lan, 5351))
        print("ready", flush=True)
        while True:
            request, source = sock.recvfrom(100)
            if (reply := answer(request, source[0], external)) is not None:
                sock.sendto(reply, source)


if __name__ == "__main__":
    main()
