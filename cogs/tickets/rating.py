"""The five buttons below a closed ticket, and a few words for whoever has some."""

from bot.domain.identifiers import TicketId
from bot.domain.job import Job
from bot.domain.secrets_in_text import REMOVED
from bot.domain.ticket import Ticket
from bot.domain.ticket_ends import BEST
from bot.services.ticket_ratings import TELL
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, modal_answers, reply, show_modal, user_of
from cogs.layout import View, button, card, modal, row, text, text_field

# Rule S21: say what was done and why.
_REMOVED_NOTE = (
    "⚠️ What looked like a card number, a password or a secret key was removed before it was "
    "saved. If it was one, others must not know it: nobody here needs it."
)


class RatingEffects:
    """For the opener alone; the team reads it in the log."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons, the modal and the effect."""
        self._is = dependencies
        dependencies.router.add("ticket.rate", self.rate)
        dependencies.router.add("ticket.rate_words", self.ask_words)
        dependencies.router.add("ticket.rate_said", self.take_words)
        dependencies.jobs.add(TELL, self.tell_staff, in_discord=True)

    async def rate(self, interaction: Interaction, argument: str) -> None:
        """Stored with the click: nobody has to write anything."""
        ticket_id, _, rating = argument.partition("/")
        rated = await self._is.ticket_ratings.rate(
            user_of(interaction), TicketId(ticket_id), int(rating)
        )
        await reply(interaction, _thanks(rated))

    async def ask_words(self, interaction: Interaction, ticket_id: str) -> None:
        """Only when the member wants to."""
        await self._is.ticket_ratings.may_comment(user_of(interaction), TicketId(ticket_id))
        await show_modal(
            interaction,
            modal(
                "Your words about our help",
                custom_id("ticket.rate_said", ticket_id),
                text_field(
                    "What was good, what was bad?",
                    "comment",
                    description="The team reads it with your rating",
                    required=False,
                    paragraph=True,
                    max_length=1000,
                ),
            ),
        )

    async def take_words(self, interaction: Interaction, ticket_id: str) -> None:
        """Beside the rating."""
        said = modal_answers(interaction).get("comment", "")
        rated = await self._is.ticket_ratings.comment(
            user_of(interaction), TicketId(ticket_id), said
        )
        removed = REMOVED in (rated.rating_comment or "")
        await reply(
            interaction,
            card(
                text("## Thank you\nYour words are saved."),
                *([text(_REMOVED_NOTE)] if removed else []),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    async def tell_staff(self, job: Job) -> None:
        """What the rating is by now."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        settings = await self._is.guilds.settings(ticket.guild_id)
        topic = self._is.tickets.label(ticket.topic_id)
        said = f"\n{words.quoted(ticket.rating_comment)}" if ticket.rating_comment else ""
        helper = f" · answered by <@{ticket.assignee_id}>" if ticket.assignee_id else ""
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### Ticket {ticket.number:04} rated {ticket.rating} of {BEST}\n"
                    f"<@{ticket.opener_id}> · {topic}{helper}{said}"
                )
            ),
            key=job.key,
        )


def _thanks(ticket: Ticket) -> View:
    return card(
        text(
            f"## Thank you\nYou gave {ticket.rating} of {BEST}. Press another number within a day "
            "to change it."
        ),
        row(button("Add a few words", custom_id("ticket.rate_words", ticket.id))),
        accent=words.SUCCESS_COLOUR,
    )
