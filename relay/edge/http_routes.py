"""What may be asked over HTTP; `Relay.answering_http` in serve.py puts the routes of all subjects together."""

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from relay.edge.http import OPEN_PATH, json_answer
from relay.observe.metrics import metrics_text
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import Fingerprint, parse_fingerprint


def health_routes(state: Callable[[], Mapping[str, object]]) -> list[web.RouteDef]:
    async def health(_request: web.Request) -> web.Response:
        return json_answer(state())

    return [web.get(OPEN_PATH, health)]


def metrics_routes(registry: CollectorRegistry) -> list[web.RouteDef]:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics_text(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return [web.get("/metrics", metrics)]


def asked_fingerprint(request: web.Request) -> Fingerprint:
    """Of a path with {fingerprint}. Raises HTTPBadRequest."""
    try:
        return parse_fingerprint(request.match_info["fingerprint"])
    except RemoteViolation:
        raise web.HTTPBadRequest(reason="a fingerprint has 32 hex digits") from None
