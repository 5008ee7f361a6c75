"""The OpenAPI document: as it is in docs, as it is served, and as the routes are."""

from pathlib import Path

import jsonschema_rs
import yaml
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.services.accounts import AccountService
from bot.services.replays import ReplayGuard
from bot.services.standing import StandingService
from bot.services.usage import UsageService
from bot.web.api import UsageApi
from bot.web.openapi import document
from storage.database import Database
from tests.integration.storage.samples import Clock, service_context
from tests.support.openapi_file import PATH, written


def test_the_file_is_what_is_served() -> None:
    """`make openapi` writes it anew."""
    assert PATH.read_text() == written()
    assert yaml.safe_load(PATH.read_text()) == document()


async def test_it_has_exactly_the_routes_that_there_are(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}")
    async with service_context(database, Clock()) as context:
        api = UsageApi(
            secret=SecretStr("a secret of the vendor"),
            usage=UsageService(context),
            accounts=AccountService(context),
            standing=StandingService(context),
            replays=ReplayGuard(context),
            catalogue=context.catalogue,
            clock=context.clock,
        ).application()
        routes = {
            (f"/v1{route.resource.canonical}", route.method.lower())
            for route in api.router.routes()
            if route.resource is not None
        }
        async with TestClient(TestServer(api)) as client:
            served = await (await client.get("/openapi.json")).json()

    assert routes == {
        (path, method) for path, item in document()["paths"].items() for method in item
    }
    assert served == document()


def test_its_schemas_are_schemas_and_its_examples_fit_them() -> None:
    components = document()["components"]
    for name, schema in components["schemas"].items():
        whole = {"components": components, **schema}
        jsonschema_rs.meta.validate(whole)
        assert schema["description"], name
        for about in schema.get("properties", {}).values():
            for example in about.get("examples", []):
                jsonschema_rs.validate({"components": components, **about}, example)


def test_what_is_taken_refuses_what_it_does_not_know() -> None:
    schemas = document()["components"]["schemas"]
    for name in ("UsageBatch", "CustomersUsage", "UsersUsage", "LinkOrder"):
        assert schemas[name]["additionalProperties"] is False, name
    amount = schemas["CustomersUsage"]["properties"]["amount"]
    assert amount["maximum"] == -amount["minimum"] == 10**12
