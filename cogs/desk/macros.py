"""/macro: choose one by its name, see what it does, send it.

The button carries a digest of what was shown: what differs by then is shown again before it goes.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import assert_never

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotInTicket
from bot.domain.identifiers import ChannelId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.macro import (
    Action,
    AddTag,
    Assign,
    Close,
    Macro,
    Reply,
    SetPriority,
    Snooze,
    filled,
)
from bot.domain.subscription import NextStep, next_step
from bot.domain.ticket import Ticket
from bot.services import macros
from bot.services.customer_cards import CustomerFile
from bot.services.screens import Screen
from cogs import words
from cogs.dependencies import Dependencies
from cogs.desk.render import PRIORITIES
from cogs.interactions import Interaction, actor_of, custom_id, replace, reply, screen_of
from cogs.layout import View, button, card, row, text
from cogs.messenger import MessageRefusedError

MOST_SUGGESTED = 25
_CLOSED = "The bot may not write in the ticket's channel, or the channel is gone."
_REFUSED = "Discord does not take this text. Whoever runs the bot can change the macro."


class MacroCog(commands.Cog):
    """What the member reads is shown first to whoever sends it."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button and the job."""
        self._is = dependencies
        dependencies.router.add("macro.send", self.send)
        dependencies.jobs.add(macros.REPLY, self.say, in_discord=True)

    @app_commands.command(name="macro", description="An answer that is given often (support)")
    @app_commands.describe(name="Which one")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def macro(self, interaction: Interaction, name: str) -> None:
        """A preview; what says nothing to the member is done at once."""
        if interaction.channel_id is None:
            raise NotInTicket
        actor = actor_of(interaction)
        macro = self._is.macros.find(name)
        ticket = await self._is.ticket_work.at(ChannelId(interaction.channel_id))
        await self._is.ticket_work.look(actor, ticket.id)
        run_id = secrets.token_hex(4)
        if macro.reply is not None:
            said = await self._said(macro, ticket, actor.user_id)
            await reply(interaction, _preview(macro, ticket, said, run_id))
            return
        await self._is.macros.run(actor, ticket.id, macro, run_id=run_id, reply=None)
        await reply(interaction, _done(macro))

    @macro.autocomplete("name")
    async def _names(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        del interaction  # the names are no secret
        found = self._is.macros.matching(typed)[:MOST_SUGGESTED]
        return [app_commands.Choice(name=macro.label, value=macro.id) for macro in found]

    async def send(self, interaction: Interaction, argument: str) -> None:
        """Everything at once; a second click on the same preview does nothing more."""
        ticket_id, macro_id, run_id, shown = [*argument.split("/"), ""][:4]
        actor, macro = actor_of(interaction), self._is.macros.find(macro_id)
        ticket = (await self._is.ticket_work.look(actor, TicketId(ticket_id))).ticket
        said = await self._said(macro, ticket, actor.user_id)
        if _digest(macro, said) != shown:
            again = _preview(macro, ticket, said, run_id, has_changed=True)
            await replace(interaction, again)
            return
        await self._is.macros.run(
            actor, ticket.id, macro, run_id=run_id, reply=said, screen=screen_of(interaction)
        )
        await replace(interaction, _done(macro))

    async def _said(self, macro: Macro, ticket: Ticket, agent: UserId) -> str | None:
        if macro.reply is None:
            return None
        file = await self._is.customers.read(ticket.guild_id, ticket.opener_id)
        return filled(macro.reply, _values(file, ticket, agent, self._is))

    async def say(self, job: Job) -> None:
        """The reply, under the name of who sent it; they are told where nobody can read it."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        view = card(
            text(str(job.payload["text"])),
            text(f"-# From <@{int(job.payload['by'])}>"),
            accent=words.NEUTRAL_COLOUR,
        )
        why = _CLOSED
        try:
            if await self._is.messenger.post(
                ticket.channel_id, view, key=job.key, mentioned=ticket.opener_id
            ):
                return
        except MessageRefusedError:
            why = _REFUSED
        await self._is.macros.not_said(job)
        await self._tell_sender(job, ticket, why)

    async def _tell_sender(self, job: Job, ticket: Ticket, why: str) -> None:
        """On their screen; by direct message where that is gone."""

        def failed() -> View:
            return _not_sent(ticket, why, str(job.payload["text"]))

        screen = job.payload["screen"]
        if screen and await self._is.messenger.show(Screen.from_payload(screen), failed()):
            return
        sender = UserId(int(job.payload["by"]))
        await self._is.messenger.tell(sender, failed(), key=f"{job.key}:failed")


def _values(
    file: CustomerFile, ticket: Ticket, agent: UserId, deps: Dependencies
) -> dict[str, str]:
    """What stands for the placeholders: our own words and numbers, and names as Discord shows them.

    Nothing here was typed by a member, so nothing can format, link or call anybody.
    """
    plan, renewal, balance = "the Free plan", "no renewal", f"no {deps.catalogue.unit}"
    account = file.account
    subscription = account.subscription if account else None
    is_on = next_step(subscription, now=deps.clock()) is not NextStep.SUBSCRIBE
    if account is not None and subscription is not None and is_on:
        plan = f"the {words.plan_name(subscription, deps.catalogue)} plan"
        renewal = words.day(subscription.renews_at)
        if subscription.cancel_at is not None and subscription.ends_with_period:
            renewal = f"no renewal (it ends on {words.day(subscription.cancel_at)})"
        total = account.balance.granted + account.balance.topped_up
        balance = (
            f"{words.count(account.balance.remaining)} of {words.count(total)} "
            f"{deps.catalogue.unit}"
        )
    return {
        "member": f"<@{ticket.opener_id}>",
        "plan": plan,
        "renewal": renewal,
        "balance": balance,
        "ticket": f"{ticket.number:04}",
        "agent": f"<@{agent}>",
        "vendor": discord.utils.escape_markdown(deps.vendor.name),
    }


def _preview(
    macro: Macro, ticket: Ticket, said: str | None, run_id: str, *, has_changed: bool = False
) -> View:
    also = f"\n**It also:** {_besides(macro)}." if _besides(macro) else ""
    news = "⚠️ **Something has changed since you saw this.** Please read it again.\n"
    argument = f"{ticket.id}/{macro.id}/{run_id}/{_digest(macro, said)}"
    return card(
        text(
            f"{news if has_changed else ''}## {macro.label}\n"
            f"The member will read{':' if said else ' nothing.'}"
        ),
        *([text(said)] if said else []),
        text(f"-# Nothing is sent yet.{also}"),
        row(
            button("Send", custom_id("macro.send", argument), style=discord.ButtonStyle.primary),
        ),
        accent=words.WARNING_COLOUR,
    )


def _besides(macro: Macro) -> str:
    return "; ".join(_described(each) for each in macro.actions if not isinstance(each, Reply))


def _digest(macro: Macro, said: str | None) -> str:
    """Of everything that the preview says; short, because it stands in a custom_id."""
    shown = f"{macro.label}\n{said}\n{_besides(macro)}"
    return hashlib.sha256(shown.encode()).hexdigest()[:12]


def _done(macro: Macro) -> View:
    did = "; ".join(_described(each) for each in macro.actions)
    return card(text(f"## {macro.label}\nDone: {did}."), accent=words.SUCCESS_COLOUR)


def _not_sent(ticket: Ticket, why: str, said: str) -> View:
    return card(
        text(
            f"## Not sent\n{why} The member of ticket {ticket.number:04} has not read your reply, "
            "and still waits for an answer. What else the macro does is done. It said:"
        ),
        text(words.quoted(said)),
        accent=words.WARNING_COLOUR,
    )


def _described(action: Action) -> str:
    match action:
        case Reply():
            said = "replies to the member"
        case AddTag(tag):
            said = f"tags `{tag}`"
        case SetPriority(priority):
            said = f"sets the priority to {PRIORITIES[priority].lower()}"
        case Assign(to_me=to_me):
            said = "gives you the ticket" if to_me else "gives the ticket back"
        case Snooze(span):
            said = f"snoozes for {_lasting(span)}"
        case Close(reason):
            said = f"closes the ticket with the reason “{reason}”"
        case _:
            assert_never(action)
    return said


def _lasting(span: timedelta) -> str:
    """In the largest unit that it is a whole number of."""
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour")):
        if span % unit == timedelta():
            return f"{span // unit} {name}{'' if span == unit else 's'}"
    return f"{span // timedelta(minutes=1)} minutes"
