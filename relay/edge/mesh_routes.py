"""Who is where, over HTTP (relay.md §14)."""

from aiohttp import web

from relay.edge.http import json_answer
from relay.edge.http_routes import asked_fingerprint
from relay.edge.mesh import Mesh
from relay.observe.mesh import mesh_table, peers_json, presence_json, presence_of_json, route_json


def mesh_routes(mesh: Mesh) -> list[web.RouteDef]:
    registry = mesh.node.registry

    async def everybody(_request: web.Request) -> web.Response:
        return json_answer(presence_json(registry))

    async def one(request: web.Request) -> web.Response:
        return json_answer(presence_of_json(registry, asked_fingerprint(request)))

    async def peers(_request: web.Request) -> web.Response:
        return json_answer(peers_json(registry))

    async def route(request: web.Request) -> web.Response:
        who = asked_fingerprint(request)
        return json_answer(route_json(who, await mesh.route(who), mesh.node.own_address()))

    async def table(_request: web.Request) -> web.Response:
        return web.Response(text=mesh_table(mesh.probes()))

    return [
        web.get("/presence", everybody),
        web.get("/presence/{fingerprint}", one),
        web.get("/peers", peers),
        web.get("/route/{fingerprint}", route),
        web.get("/mesh", table),
    ]
