"""/audit: who did what to whom, and why, for moderators."""

from collections.abc import Mapping
from datetime import timedelta

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.audit import AuditEntry, AuditFilter
from bot.domain.identifiers import UserId
from bot.domain.money import Money
from bot.services.audit_log import AuditPage
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, custom_id, replace, reply
from cogs.layout import Part, View, button, card, row, text

_ACTIONS = {
    "refund.requested": "approved a refund",
    "refund.made": "had the payment provider give money back",
    "refund.done": "finished a refund",
    "refund.failed": "gave a refund up: the provider refused",
    "refund.returned": "noted that a refund came back",
    "refund.end_requested": "ended a plan that was refunded in the dashboard",
    "refund.submitted": "put a refund before the moderators",
    "refund.approved": "said yes to a refund",
    "refund.denied": "denied a refund",
    "refund.asked_back": "asked back about a refund",
    "refund.answered": "answered about a refund",
    "refund.lapsed": "ended a request for a refund with its ticket",
    "cancellation.requested": "asked to cancel",
    "cancellation.scheduled": "had the subscription end with its period",
    "cancellation.ended": "ended the subscription at once",
    "cancellation.failed": "gave a cancellation up: the provider refused",
    "account.linked": "linked an account",
    "account.unlinked": "unlinked an account",
    "ticket.closed": "closed a ticket",
    "ticket.reopened": "opened a closed ticket again",
    "ticket.person_added": "let somebody into a ticket",
    "ticket.person_removed": "took somebody out of a ticket",
    "ticket.opened_for_member": "opened a ticket for a member",
    "ticket.transcript_read": "got the team's copy of a transcript",
    "ticket.staff_link_made": "got a link to the team's copy of a transcript",
    "ticket.staff_link_opened": "had their link to the team's copy of a transcript opened",
    "ticket.member_link_made": "got a link to the transcript of a ticket they were in",
    "ticket.member_link_opened": "had their link to a transcript opened",
    "block.set": "kept somebody from opening tickets",
    "block.lifted": "let somebody open tickets again",
    "panel.posted": "posted a ticket panel",
    "panel.removed": "removed a ticket panel",
    "guild.set_up": "changed the setup",
    "privacy.requested": "asked for their data to be erased",
    "privacy.erased": "erased who had acted",
}
# Money and the reference have a place of their own.
_SAID_ELSEWHERE = {"amount", "currency"}
LONGEST_VALUE = 150
LONGEST_ENTRY = 420
# custom_ids have 100 characters, and hold all filters.
LONGEST_ACTION, LONGEST_REFERENCE = 20, 28
_SEPARATOR = "|"


class AuditCog(commands.Cog):
    """Discord hides the command from others; the service refuses everybody else."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button."""
        self._is = dependencies
        dependencies.router.add("audit.page", self.turn)

    @app_commands.command(name="audit", description="Who did what, and why (moderators)")
    @app_commands.describe(
        member="What this person did, and what was done to their account",
        action="How it begins, such as refund or cancellation",
        days="Only the last so many days",
        reference="A refund (R-…), a payment, a subscription or a ticket",
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def audit(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        action: app_commands.Range[str, 1, LONGEST_ACTION] | None = None,
        days: app_commands.Range[int, 1, 3650] | None = None,
        reference: app_commands.Range[str, 1, LONGEST_REFERENCE] | None = None,
    ) -> None:
        """The newest entries that fit."""
        wanted = _Wanted(
            member.id if member else 0, (action or "").strip().lower(), days or 0, reference or ""
        )
        await reply(interaction, await self._page(interaction, wanted, before=None))

    async def turn(self, interaction: Interaction, argument: str) -> None:
        """Older ones; who clicks is looked at again."""
        before, _, filters = argument.partition(_SEPARATOR)
        await replace(
            interaction,
            await self._page(interaction, _Wanted.read(filters), before=int(before)),
        )

    async def _page(
        self, interaction: Interaction, wanted: "_Wanted", *, before: int | None
    ) -> View:
        since = self._is.clock() - timedelta(days=wanted.days) if wanted.days else None
        found = await self._is.audit.page(
            actor_of(interaction),
            AuditFilter(
                UserId(wanted.member_id) if wanted.member_id else None,
                wanted.action or None,
                since,
                wanted.reference.strip().removeprefix("R-") or None,
            ),
            before=before,
        )
        return _card(found, wanted)


class _Wanted:
    """The filters, as they travel in a button."""

    def __init__(self, member_id: int, action: str, days: int, reference: str) -> None:
        self.member_id = member_id
        self.action = action
        self.days = days
        self.reference = reference

    def written(self) -> str:
        """The reference comes last: it may hold anything."""
        fields = (self.member_id, self.days, self.action.replace(_SEPARATOR, ""), self.reference)
        return _SEPARATOR.join(map(str, fields))

    @classmethod
    def read(cls, written: str) -> "_Wanted":
        """The inverse of `written`."""
        member_id, days, action, reference = written.split(_SEPARATOR, 3)
        return cls(int(member_id), action, int(days), reference)


def _card(page: AuditPage, wanted: _Wanted) -> View:
    if not page.entries:
        return card(text("## Audit log\nNothing fits."), accent=words.NEUTRAL_COLOUR)
    parts: list[Part] = [text("## Audit log\nNewest first.")]
    parts += [text(entry_text(each)) for each in page.entries]
    if page.older_than is not None:
        argument = f"{page.older_than}{_SEPARATOR}{wanted.written()}"
        parts.append(row(button("Older", custom_id("audit.page", argument))))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def entry_text(entry: AuditEntry) -> str:
    """One entry as a sentence, with what is known about it."""
    what = _ACTIONS.get(entry.action, entry.action.replace(".", ": ").replace("_", " "))
    lines = [
        f"**{_actor(entry)}** {words.plain(what)} · {words.day_and_time(entry.at)}",
        f"-# `{words.plain(entry.subject)}`{_money(entry.details)} · no. {entry.id}",
    ]
    if said := _details(entry.details):
        lines.append(f"-# {said}")
    return "\n".join(lines)[:LONGEST_ENTRY]


def _actor(entry: AuditEntry) -> str:
    if entry.actor_id is not None:
        return f"<@{entry.actor_id}>"
    return "Somebody whose data was erased" if entry.is_actor_erased else "Mooring"


def _money(details: Mapping[str, object]) -> str:
    amount, currency = details.get("amount"), details.get("currency")
    if not isinstance(amount, int) or not isinstance(currency, str):
        return ""
    return f" · {words.money(Money(amount, currency))}"


def _details(details: Mapping[str, object]) -> str:
    """Each in code, so that nobody's words can format, link or mention."""
    return " · ".join(
        f"{name.replace('_', ' ')}: `{_shortened(words.plain(str(value)))}`"
        for name, value in details.items()
        if value not in (None, "") and name not in _SAID_ELSEWHERE
    )


def _shortened(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
