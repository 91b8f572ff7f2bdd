"""What routers are asked by UPnP, and what may be believed of their answers."""

from contextlib import suppress
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import RemoteViolation
from wzp_core.nat.igd import (
    FIREWALL,
    FORWARDING,
    Call,
    Service,
    add_mapping,
    add_pinhole,
    delete_mapping,
    delete_pinhole,
    external_ip,
    is_refusal,
    read_external_ip,
    read_location,
    read_pinhole,
    read_service,
    search,
)

ROUTER, ROUTER_6 = "192.168.1.1", "fe80::1%eth0"
LOCATION, LOCATION_6 = "http://192.168.1.1:5000/root.xml", "http://[2a00:0:1:1::1]:5000/root.xml"
CLIENT_6 = "2a00:0:1:1::2"
PREFIX = "urn:schemas-upnp-org:service:"


def description(*services: tuple[str, str]) -> str:
    parts = (
        f"<service><serviceType>{PREFIX}{kind}</serviceType><serviceId>x</serviceId>"
        f"<controlURL>{url}</controlURL><SCPDURL>/d.xml</SCPDURL></service>"
        for kind, url in services
    )
    return f"<root><device><serviceList>{''.join(parts)}</serviceList></device></root>"


def arguments(asked: Call) -> dict[str, str]:
    (body,) = ElementTree.fromstring(asked.body)  # noqa: S314 - our own text
    (action,) = body
    return {each.tag: each.text or "" for each in action}


def test_gateways_are_searched_for_by_either_family() -> None:
    assert search("239.255.255.250").decode().splitlines() == [
        "M-SEARCH * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        'MAN: "ssdp:discover"',
        "MX: 2",
        "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "",
    ]
    assert b"HOST: [ff02::c]:1900" in search("ff02::c")
    assert b"InternetGatewayDevice:2" in search("ff02::c")


@pytest.mark.parametrize(
    ("line", "router", "location"),
    [
        (f"LOCATION: {LOCATION}", ROUTER, LOCATION),
        (f"location:{LOCATION}", ROUTER, LOCATION),
        (f"Location: {LOCATION_6}", ROUTER_6, LOCATION_6),
        ("Location: http://[fe80::1]:5000/", ROUTER_6, "http://[fe80::1]:5000/"),
        ("Location: http://[fd00::1]:5000/", ROUTER_6, "http://[fd00::1]:5000/"),
    ],
)
def test_the_router_says_where_it_describes_itself(line: str, router: str, location: str) -> None:
    assert read_location(f"HTTP/1.1 200 OK\r\nST: x\r\n{line}\r\n\r\n".encode(), router) == location


@pytest.mark.parametrize(
    ("url", "router"),
    [
        ("http://192.168.1.9/root.xml", ROUTER),
        ("http://example.org/root.xml", ROUTER),
        (LOCATION_6, ROUTER),
        ("https://192.168.1.1/", ROUTER),
        ("file:///etc/passwd", ROUTER),
        ("http://somebody@192.168.1.1/", ROUTER),
        ("http://192.168.1.1:99999/", ROUTER),
        (f"http://192.168.1.1/{'x' * 600}", ROUTER),
        ("http://[fe80::2]/", ROUTER_6),
        ("http://[::1]/", ROUTER_6),
        ("http://[::ffff:10.0.0.1]/", ROUTER_6),
        ("http://127.0.0.1/", ROUTER_6),
        ("http://[nonsense]/", ROUTER_6),
        ("", ROUTER),
    ],
)
def test_no_answer_sends_us_elsewhere(url: str, router: str) -> None:
    with pytest.raises(RemoteViolation):
        read_location(f"HTTP/1.1 200 OK\r\nLocation: {url}\r\n\r\n".encode(), router)
    with pytest.raises(RemoteViolation):
        read_service(description(("WANIPConnection:1", url or "http://192.168.1.9/")), LOCATION, ROUTER, FORWARDING)


def test_the_service_that_is_liked_best_is_taken() -> None:
    document = description(
        ("WANCommonInterfaceConfig:1", "/common"), ("WANPPPConnection:1", "/ppp"), ("WANIPConnection:2", "/ip?2")
    )
    assert read_service(document, LOCATION, ROUTER, FORWARDING) == Service(
        "http://192.168.1.1:5000/ip?2", f"{PREFIX}WANIPConnection:2"
    )
    with pytest.raises(RemoteViolation):
        read_service(document, LOCATION, ROUTER, FIREWALL)
    document = description(("WANIPConnection:1", "/ip"), ("WANIPv6FirewallControl:1", "/six"))
    assert read_service(document, LOCATION_6, ROUTER_6, FIREWALL).control_url == "http://[2a00:0:1:1::1]:5000/six"
    elsewhere = description(("WANIPv6FirewallControl:1", "http://[2a00:0:1:1::9]:5000/six"))
    with pytest.raises(RemoteViolation):
        read_service(elsewhere, LOCATION_6, ROUTER_6, FIREWALL)


def test_calls_are_those_of_the_specifications() -> None:
    forwarding, firewall = Service("", f"{PREFIX}WANIPConnection:1"), Service("", f"{PREFIX}WANIPv6FirewallControl:1")
    assert arguments(external_ip(forwarding)) == {}
    asked = add_mapping(forwarding, 40_000, "192.168.1.2", 7200)
    assert asked.headers["SOAPAction"] == f'"{PREFIX}WANIPConnection:1#AddPortMapping"'
    assert arguments(asked) == {
        "NewRemoteHost": "",
        "NewExternalPort": "40000",
        "NewProtocol": "UDP",
        "NewInternalPort": "40000",
        "NewInternalClient": "192.168.1.2",
        "NewEnabled": "1",
        "NewPortMappingDescription": "WarzonePhone",
        "NewLeaseDuration": "7200",
    }
    assert arguments(delete_mapping(forwarding, 40_000)) == {
        "NewRemoteHost": "",
        "NewExternalPort": "40000",
        "NewProtocol": "UDP",
    }
    asked = add_pinhole(firewall, 40_000, CLIENT_6, 7200)
    assert asked.headers["SOAPAction"] == f'"{PREFIX}WANIPv6FirewallControl:1#AddPinhole"'
    assert arguments(asked) == {
        "RemoteHost": "",
        "RemotePort": "0",
        "InternalClient": CLIENT_6,
        "InternalPort": "40000",
        "Protocol": "17",
        "LeaseTime": "7200",
    }
    assert arguments(delete_pinhole(firewall, 7)) == {"UniqueID": "7"}


def test_answers_are_read() -> None:
    assert read_external_ip("<a><NewExternalIPAddress> 203.0.113.5 </NewExternalIPAddress></a>") == "203.0.113.5"
    assert read_pinhole("<u:AddPinholeResponse><UniqueID>65535</UniqueID></u:AddPinholeResponse>") == 65_535
    assert is_refusal("<s:Fault><detail><UPnPError><errorCode>606</errorCode></UPnPError></detail></s:Fault>")
    assert not is_refusal("<UniqueID>1</UniqueID>")


@pytest.mark.parametrize("value", ["", "999.1.1.1", "1.2.3", "fe80::1", "x" * 100_000])
def test_an_address_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(RemoteViolation):
        read_external_ip(f"<NewExternalIPAddress>{value}</NewExternalIPAddress>")


@pytest.mark.parametrize("value", ["", "-1", "65536", "1e3", "٣", "9" * 100_000])
def test_a_pinhole_without_a_number_is_refused(value: str) -> None:
    with pytest.raises(RemoteViolation):
        read_pinhole(f"<UniqueID>{value}</UniqueID>")


URLS = st.one_of(
    st.text(max_size=40),
    st.builds("http://{}{}".format, st.sampled_from([ROUTER, "[fe80::1]", "[2a00::1]", "[", "[::1", "x"]), st.text()),
)


@given(URLS, st.sampled_from([ROUTER, ROUTER_6]))
def test_no_url_does_worse_than_be_refused(url: str, router: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nLocation: {url}\r\n\r\n".encode()
    with suppress(RemoteViolation):
        host = urlsplit(read_location(answer, router)).hostname
        assert host == ROUTER if router == ROUTER else ":" in (host or "")
    base = LOCATION_6 if ":" in router else LOCATION
    with suppress(RemoteViolation):
        service = read_service(description(("WANIPConnection:1", url)), base, router, FORWARDING)
        assert urlsplit(service.control_url).hostname == urlsplit(base).hostname


PIECES = ["<service>", "</service>", "<serviceType>", "<controlURL>", f"{PREFIX}WANIPConnection:1", "/x", "<UniqueID>",
          "<NewExternalIPAddress>", "1", "<", " ", "errorCode"]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_no_answer_does_worse_than_be_refused(text: str) -> None:
    for read in (
        lambda: read_location(text.encode(), ROUTER),
        lambda: read_service(text, LOCATION, ROUTER, FORWARDING),
        lambda: read_external_ip(text),
        lambda: read_pinhole(text),
        lambda: is_refusal(text),
    ):
        with suppress(RemoteViolation):
            read()


@pytest.mark.parametrize("piece", PIECES)
def test_long_answers_take_no_longer_than_they_are(piece: str) -> None:
    """Of the longest that is read; a reader that goes back and forth would not end within this test's limit."""
    text = piece * (256 * 1024 // len(piece))
    with pytest.raises(RemoteViolation):
        read_service(text, LOCATION, ROUTER, FORWARDING)
    with pytest.raises(RemoteViolation):
        read_external_ip(text)
    with pytest.raises(RemoteViolation):
        read_location(text.encode()[:2048], ROUTER)
