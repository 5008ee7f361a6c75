"""The aiohttp application and its routes."""

from collections.abc import Callable, Iterable

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.billing.provider import BadEventError
from bot.domain.identifiers import ProviderName
from bot.services.events import EventService
from bot.services.health import HealthService
from bot.web.api import UsageApi
from bot.web.transcripts import TranscriptPages

# Stripe's events are a few kilobytes; its largest documented payloads stay below 256 KiB.
MAX_BODY_BYTES = 1 << 20

_log = structlog.get_logger(__name__)


def create_application(
    *,
    providers: Iterable[ProviderName],
    events: EventService,
    health: HealthService,
    is_gateway_up: Callable[[], bool],
    usage_api: UsageApi | None,
    transcripts: TranscriptPages,
) -> web.Application:
    """Build the application; whoever runs it decides on host and port."""

    async def receive_event(request: web.Request) -> web.Response:
        """400 to what was not signed, 413 to what is too large, 200 once it is stored."""
        body, provider = await request.read(), ProviderName(request.match_info["provider"])
        try:
            await events.receive(provider, body, request.headers)
        except BadEventError as error:
            _log.warning("webhook_refused", why=str(error), size=len(body))
            return web.json_response({"error": "not a signed event"}, status=400)
        return web.json_response({"received": True})

    async def show_health(_request: web.Request) -> web.Response:
        """200 while everything works, 503 otherwise, with the same facts."""
        facts = await health.check(gateway_ready=is_gateway_up())
        return web.json_response(facts.to_json(), status=200 if facts.healthy else 503)

    async def show_metrics(_request: web.Request) -> web.Response:
        """Prometheus' text format."""
        await health.measure_backlog()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application(client_max_size=MAX_BODY_BYTES)
    for provider in providers:
        application.router.add_post(f"/webhooks/{{provider:{provider}}}", receive_event)
    if usage_api is not None:
        application.add_subapp("/v1/", usage_api.application())
    transcripts.add_to(application)
    application.router.add_get("/healthz", show_health)
    application.router.add_get("/metrics", show_metrics)
    return application
