"""`wzp-relay --mesh-status`: how the relay that runs here reaches those it watches."""

import http.client
import ipaddress

from relay.config import RelayConfig
from relay.edge.addresses import address_text
from wzp_core.errors import ErrorCode, Unavailable

_LIMIT_S = 5.0


def mesh_status(config: RelayConfig) -> str:
    """The table of its HTTP port, as configured. Raises Unavailable(UNREACHABLE, address, reason)."""
    if not config.http_port:
        from relay.observe.mesh import mesh_table  # only here: it takes a third of a second

        return mesh_table(())
    ip = ipaddress.ip_address(config.http_host)
    host = ("127.0.0.1" if ip.version == 4 else "::1") if ip.is_unspecified else str(ip)
    headers = {"Authorization": f"Bearer {config.http_token}"} if config.http_token else {}
    connection = http.client.HTTPConnection(host, config.http_port, timeout=_LIMIT_S)
    try:
        connection.request("GET", "/mesh", headers=headers)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(answer.reason)
        return answer.read().decode()
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        address = address_text((host, config.http_port))
        raise Unavailable(ErrorCode.UNREACHABLE, address=address, reason=error) from error
    finally:
        connection.close()
