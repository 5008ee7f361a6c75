"""The bot's responses to interactions, and their messages through the interaction's webhook."""

from __future__ import annotations

from bot.sandbox.discord import messaging
from bot.sandbox.discord.interactions import MESSAGE, UPDATE, Interaction
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.wire import Json

routes = Routes()

_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


@routes("POST", "/interactions/{interaction_id}/{interaction_token}/callback", public=True)
def respond(call: Call) -> Reply:
    """The one first response. ``with_response`` asks for what it made."""
    params = call.params
    interaction = call.backend.interactions.for_callback(
        params["interaction_id"], params["interaction_token"]
    )
    kind = call.body.get("type")
    kind = kind if isinstance(kind, int) else -1
    interaction.respond(kind, call.body.get("data") or {}, call.files)
    if call.query.get("with_response", "").lower() not in ("1", "true"):
        return Reply(204)
    return Reply(200, _described(interaction, kind))


def _described(interaction: Interaction, kind: int) -> Json:
    about: Json = {"id": interaction.id, "type": interaction.kind}
    answer: Json = {"interaction": about}
    message = interaction.message
    if message is not None:
        about["response_message_id"] = message.id
        about["response_message_loading"] = message.loading
        about["response_message_ephemeral"] = message.ephemeral
        if kind in (MESSAGE, UPDATE):
            answer["resource"] = {"type": kind, "message": message.payload()}
    return answer


def _interaction(call: Call) -> Interaction:
    params = call.params
    return call.backend.interactions.for_webhook(params["webhook_id"], params["webhook_token"])


@routes("POST", _WEBHOOK, public=True)
def follow_up(call: Call) -> Reply:
    """A follow-up message."""
    return Reply(200, _interaction(call).follow_up(call.body, call.files).payload())


def _named(call: Call) -> tuple[Interaction, Message]:
    interaction = _interaction(call)
    message_id = call.params.get("message_id")
    if message_id is None:
        return interaction, interaction.original()
    return interaction, interaction.reachable(message_id)


@routes("GET", f"{_WEBHOOK}/messages/@original", public=True)
@routes("GET", f"{_WEBHOOK}/messages/{{message_id}}", public=True)
def get_message(call: Call) -> Reply:
    """The response or a follow-up."""
    return Reply(200, _named(call)[1].payload())


@routes("PATCH", f"{_WEBHOOK}/messages/@original", public=True)
@routes("PATCH", f"{_WEBHOOK}/messages/{{message_id}}", public=True)
def edit_message(call: Call) -> Reply:
    """Edit the response or a follow-up; fills a deferred response."""
    interaction, message = _named(call)
    return Reply(200, interaction.edit(message, call.body, call.files).payload())


@routes("DELETE", f"{_WEBHOOK}/messages/@original", public=True)
@routes("DELETE", f"{_WEBHOOK}/messages/{{message_id}}", public=True)
def delete_message(call: Call) -> Reply:
    """Delete the response or a follow-up."""
    messaging.delete(call.backend.world, _named(call)[1])
    return Reply(204)
