"""Telling the team that the provider has not carried out what a member has confirmed."""

from dataclasses import dataclass

from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.identifiers import AttemptId, GuildId, SubscriptionId, UserId
from bot.domain.job import Job
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text

_HELP = (
    "The payment provider refuses, or does not answer. The bot goes on trying, and nothing is lost."
)
_BY_HAND = "by hand in the provider's dashboard, and see what `mooring check` says."
_LET_IT_COME = (
    "Please see what `mooring check` says, and mend the key if it is refused. If the provider is "
    "away, wait. Do not give the offer by hand: then the bot cannot. The member can still cancel."
)


@dataclass(frozen=True, slots=True)
class _Stuck:
    """`wish` and `please` are sentences; `guild_id` is the server where it was confirmed."""

    headline: str
    user_id: UserId
    wish: str
    please: str
    subscription_id: SubscriptionId
    reference: str
    guild_id: GuildId | None


def _of(attempt: CancelAttempt, headline: str, wish: str, *, please: str) -> _Stuck:
    return _Stuck(
        headline,
        attempt.user_id,
        wish,
        please,
        attempt.subscription_id,
        attempt.receipt_reference,
        attempt.guild_id,
    )


class StuckEffects:
    """Handlers of the looks that are added with each confirmation; told once for each."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register each."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("cancellation.tell_stuck", self.look_at_cancellation, in_discord=True)
        jobs.add("resumption.tell_stuck", self.look_at_resumption, in_discord=True)
        jobs.add("offer.look_stuck", self.look_at_offer, in_discord=True)

    async def look_at_cancellation(self, job: Job) -> None:
        """The member was told that they will not be charged: people see to it."""
        case = await self._is.cancellations.outcome(AttemptId(str(job.payload["attempt_id"])))
        attempt = case.attempt
        if attempt.state is not AttemptState.REQUESTED:
            return
        requested = attempt.requested_at or attempt.started_at
        wish = f"asked to cancel on {words.plain_time(requested)}"
        please = f"Please cancel it {_BY_HAND}"
        await self._tell(job, _of(attempt, "A cancellation waits", wish, please=please))

    async def look_at_resumption(self, job: Job) -> None:
        """The plan would end although the member wants to keep it."""
        reference = str(job.payload["reference"])
        if not await self._is.resumptions.still_waits(reference):
            return
        await self._tell(
            job,
            _Stuck(
                "A resumption waits",
                UserId(int(job.payload["user_id"])),
                "asked to keep a subscription that is to end",
                f"Please undo the cancellation {_BY_HAND}",
                SubscriptionId(str(job.payload["subscription_id"])),
                reference,
                None,
            ),
        )

    async def look_at_offer(self, job: Job) -> None:
        """The member keeps the plan for something that they do not have yet.

        Nobody is asked to give it by hand: what is there already, Mooring does not give as well.
        """
        case = await self._is.cancellations.outcome(AttemptId(str(job.payload["attempt_id"])))
        attempt = case.attempt
        if attempt.state is not AttemptState.ACCEPTING:
            return
        accepted = attempt.accepted_at or attempt.started_at
        wish = f"took an offer instead of cancelling on {words.plain_time(accepted)}"
        await self._tell(job, _of(attempt, "An accepted offer waits", wish, please=_LET_IT_COME))

    async def _tell(self, job: Job, stuck: _Stuck) -> None:
        """The log channel of that server, or of each; where none takes it, mail does."""
        if stuck.guild_id is None:
            channels = await self._is.guilds.log_channels()
        else:
            settings = await self._is.guilds.settings(stuck.guild_id)
            channels = [settings.log_channel_id] if settings.log_channel_id else []
        told = False
        for channel_id in channels:
            view = card(
                text(
                    f"### {stuck.headline}\n<@{stuck.user_id}> {stuck.wish} "
                    f"(`{stuck.subscription_id}`). {_HELP}\n**{stuck.please}**\n"
                    f"-# Reference: {stuck.reference}"
                ),
                accent=words.WARNING_COLOUR,
            )
            key = f"{job.key}:{channel_id}"
            told = await self._is.messenger.post(channel_id, view, key=key) or told
        if not told:
            await self._mail(stuck)

    async def _mail(self, stuck: _Stuck) -> None:
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject=f"{stuck.headline} ({stuck.reference})",
            text=(
                f"A member {stuck.wish}. {_HELP}\n\n{stuck.please.replace('`', '')}\n\n"
                f"Subscription: {stuck.subscription_id}\nReference:    {stuck.reference}\n"
            ),
            message_id=f"stuck-{stuck.reference}",
        )
