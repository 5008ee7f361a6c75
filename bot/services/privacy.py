"""A member's data: a copy of it for them, and forgetting it (ADR 13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.account import Account
from bot.domain.checkout import Checkout
from bot.domain.errors import ErasureBlocked
from bot.domain.identifiers import ChannelId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.privacy import Obstacles, UnderWay
from bot.services.context import Context
from bot.services.role_jobs import apply_roles
from bot.services.screens import Screen
from bot.services.ticket_files import delete_files
from storage import accounts, audit, checkouts, erasure, jobs, privacy

# A role that cannot be taken back in this time is no longer remembered.
FORGET_ROLES_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MemberData:
    """Everything that is stored about a member, by table."""

    user_id: UserId
    made_at: datetime
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    not_copied: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErasureQuestion:
    """What a member sees before they confirm. `reference` makes one erasure of two clicks."""

    account: Account | None
    reference: str


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """How it ended: done, unless something was under way by then."""

    user_id: UserId
    reference: str
    at: datetime
    obstacles: Obstacles

    def to_payload(self) -> dict[str, object]:
        """For a job's payload."""
        return {
            "user_id": self.user_id,
            "reference": self.reference,
            "at": self.at.isoformat(),
            "under_way": [each.value for each in self.obstacles.under_way],
            "channels": list(self.obstacles.channels),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "ErasureOutcome":
        """The inverse of `to_payload`."""
        return cls(
            UserId(int(payload["user_id"])),
            str(payload["reference"]),
            datetime.fromisoformat(payload["at"]),
            Obstacles(
                tuple(UnderWay(each) for each in payload["under_way"]),
                tuple(ChannelId(each) for each in payload["channels"]),
            ),
        )


class PrivacyService:
    """What a member may ask about their data."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def copy(self, user_id: UserId) -> MemberData:
        """Everything about the member; nothing about others, and no secrets."""
        async with self._context.database.read() as connection:
            tables = await privacy.copy(connection, user_id)
        return MemberData(user_id, self._context.clock(), tables, privacy.NOT_COPIED)

    async def ask(self, user_id: UserId) -> ErasureQuestion:
        """What erasing would mean for the member; raises ErasureBlocked."""
        async with self._context.database.read() as connection:
            _require_nothing(await erasure.obstacles(connection, user_id))
            account = await accounts.of_user(connection, user_id, now=self._context.clock())
        return ErasureQuestion(account, self._context.new_id())

    async def request(self, user_id: UserId, reference: str, *, screen: Screen) -> None:
        """The member confirms; raises ErasureBlocked. From here on it is carried out."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            _require_nothing(await erasure.obstacles(connection, user_id))
            await audit.append(
                connection,
                actor_id=user_id,
                action="privacy.requested",
                subject=_shown(reference),
                details={},
                now=now,
            )
            payload = {"user_id": user_id, "reference": reference, "screen": screen.to_payload()}
            job = NewJob(
                "privacy.erase", f"erase:{user_id}:{reference}", payload, f"erase:{user_id}"
            )
            await jobs.add(connection, [job], now=now)

    async def carry_out(self, job: Job) -> None:
        """Forget everything in one transaction, unless something is under way by now."""
        user_id, reference = UserId(int(job.payload["user_id"])), str(job.payload["reference"])
        told = f"erased:{user_id}:{reference}"
        async with self._context.database.read() as connection:
            if await jobs.exists(connection, told):
                return
        now = self._context.clock()
        async with self._context.database.write() as connection:
            obstacles = await erasure.obstacles(connection, user_id)
            following: list[NewJob] = []
            if not obstacles.under_way:
                following = _closing_jobs(await checkouts.unfinished(connection, user_id))
                closed = await erasure.closed_tickets(connection, user_id)
                await erasure.erase(connection, user_id, reference=_shown(reference), now=now)
                following += [delete_files(each, now=now) for each in closed]
                following += [
                    apply_roles(user_id, f"erased:{reference}"),
                    NewJob(
                        "privacy.forget_roles",
                        f"forget-roles:{user_id}:{reference}",
                        {"user_id": user_id},
                        run_at=now + FORGET_ROLES_AFTER,
                    ),
                ]
            outcome = ErasureOutcome(user_id, reference, now, obstacles).to_payload()
            with_screen = {**outcome, "screen": job.payload["screen"]}
            following += [
                NewJob("privacy.show", told, with_screen),
                NewJob("privacy.tell_member", f"{told}:dm", outcome),
            ]
            await jobs.add(connection, following, now=now)

    async def forget_roles(self, job: Job) -> None:
        """A week later, unless the member has linked an account again."""
        user_id = UserId(int(job.payload["user_id"]))
        async with self._context.database.write() as connection:
            if await accounts.of_user(connection, user_id, now=self._context.clock()) is None:
                await erasure.forget_roles(connection, user_id)


def _require_nothing(obstacles: Obstacles) -> None:
    if obstacles.under_way:
        raise ErasureBlocked(obstacles)


def _closing_jobs(unfinished: Checkout | None) -> list[NewJob]:
    """Nobody should pay for a member who is not known any more."""
    if unfinished is None or unfinished.page_id is None:
        return []
    payload = {"provider": unfinished.provider, "page_id": unfinished.page_id}
    return [NewJob("purchase.close_page", f"checkout-close:{unfinished.page_id}", payload)]


def _shown(reference: str) -> str:
    """What the member quotes to a person."""
    return f"E-{reference}"
