"""The tickets that are open when the demo begins, as the bot would have stored them. Only `mooring
demo` writes them; what people see of them is in the local Discord."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, MessageId, RoleId, TicketId, UserId
from bot.domain.ticket import TicketState
from bot.domain.ticket_record import TicketMessage
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.topic import Place
from bot.domain.turns import Side, Turn
from bot.sandbox.desk_past import DeskPast, Heard, Names, Told
from bot.sandbox.scene import Scene
from bot.sandbox.stories import STORIES, Story
from bot.services.ticket_acts import refresh_card
from storage import guilds, ticket_events, ticket_messages, ticket_work, tickets


async def write_desk(connection: AsyncConnection, past: DeskPast) -> None:
    """Reserve the rows, have the stories told, and store what was heard."""
    guild_id = GuildId(int(past.scene.guild.id))
    await guilds.save(connection, guild_id, _settings(past.scene))
    named: dict[TicketId, tuple[Story, Names]] = {}
    for story in sorted(STORIES, key=lambda story: story.opened, reverse=True):
        number = await guilds.take_ticket_number(connection, guild_id)
        ticket_id = TicketId(f"DEMO{number:04}")
        await tickets.reserve(
            connection,
            ticket_id,
            number=number,
            guild_id=guild_id,
            opener_id=UserId(past.user_id(story.opener)),
            topic_id=story.topic,
            answers=story.answers,
            attempt_id=None,
            now=past.moment(story.opened),
        )
        named[ticket_id] = (story, await _names(connection, ticket_id))
    for ticket_id, told in zip(named, past.tell(list(named.values())), strict=True):
        await _open(connection, ticket_id, told, past)


def _settings(scene: Scene) -> GuildSettings:
    """What /setup has stored, long ago."""
    return GuildSettings(
        RoleId(int(scene.support.id)),
        RoleId(int(scene.moderators.id)),
        ChannelId(int(scene.tickets.id)),
        ChannelId(int(scene.log.id)),
        refund_channel_id=ChannelId(int(scene.refunds.id)),
    )


async def _names(connection: AsyncConnection, ticket_id: TicketId) -> Names:
    """The bot completes the first message as soon as it is there."""
    ticket = await tickets.find(connection, ticket_id)
    assert ticket is not None  # noqa: S101 - reserved in this transaction
    welcome = f"## Ticket {ticket.number:04}"
    return Names(ticket.channel_name, ticket.channel_topic, ticket.notes_name, welcome)


async def _open(
    connection: AsyncConnection, ticket_id: TicketId, told: Told, past: DeskPast
) -> None:
    story, turn = told.story, _turn(told, past)
    agent_id = None if story.taken_by is None else UserId(past.user_id(story.taken_by))
    place = Place.THREAD if story.in_thread else Place.CHANNEL
    hangs_on = told.channel.parent if story.in_thread else None
    await tickets.set_channel(
        connection,
        ticket_id,
        ChannelId(int(told.channel.id)),
        place,
        parent_id=None if hangs_on is None else ChannelId(int(hangs_on.id)),
    )
    await tickets.advance(
        connection,
        ticket_id,
        expected=(TicketState.OPENING,),
        to=TicketState.OPEN,
        welcome_id=MessageId(int(told.welcome.id)),
        notes_thread_id=None if told.notes is None else ChannelId(int(told.notes.id)),
        assignee_id=agent_id,
        priority=story.priority,
        snoozed_until=None if story.snoozed_for is None else past.moment(-story.snoozed_for),
        waiting_since=turn.waiting_since,
        first_reply_at=turn.first_reply_at,
        first_reply_by=turn.first_reply_by,
        member_active_at=turn.member_active_at,
        team_active_at=turn.team_active_at,
    )
    for tag in story.tags:
        await ticket_work.add_tag(connection, ticket_id, tag)
    opener_id = past.user_id(told.story.opener)
    heard = [
        replace(
            _message(ticket_id, told.channel.id, each),
            side=Side.MEMBER if each.author_id == opener_id else Side.TEAM,
        )
        for each in told.said
    ]
    if told.notes is not None:
        notes = told.notes.id
        heard += [_message(ticket_id, notes, each, internal=True) for each in told.noted]
    await ticket_messages.add(connection, heard)
    event = 0
    if agent_id is not None and turn.first_reply_at is not None:
        claimed = TicketEvent(ticket_id, Act.CLAIMED, agent_id, {}, turn.first_reply_at)
        event = await ticket_events.add(connection, claimed)
    await refresh_card(connection, ticket_id, event, now=datetime.now(UTC))


def _turn(told: Told, past: DeskPast) -> Turn:
    turn = Turn(past.moment(told.story.opened))
    opener_id = past.user_id(told.story.opener)
    for heard in told.said:
        if heard.author_id == opener_id:
            turn = turn.after_member(heard.at)
        else:
            turn = turn.after_team(heard.at, UserId(heard.author_id))
    return turn


def _message(
    ticket_id: TicketId, channel_id: str, heard: Heard, *, internal: bool = False
) -> TicketMessage:
    return TicketMessage(
        message_id=MessageId(heard.id),
        ticket_id=ticket_id,
        channel_id=ChannelId(int(channel_id)),
        author_id=UserId(heard.author_id),
        author_name=heard.author,
        from_bot=False,
        content=heard.text,
        sent_at=heard.at,
        internal=internal,
    )
