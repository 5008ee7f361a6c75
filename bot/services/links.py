"""Linking a billing customer to a Discord user, whoever vouches for it, and parting them."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import AccountTaken, AlreadyLinked, NotLinked
from bot.domain.identifiers import CustomerId, UserId
from bot.services.notice_jobs import on_link
from bot.services.role_jobs import apply_roles
from storage import audit, customers, jobs, link_requests, win_backs


async def link(
    connection: AsyncConnection, customer_id: CustomerId, user_id: UserId, *, by: str, now: datetime
) -> bool:
    """Link them, with what follows; False when they were linked already.

    One customer, one user: raises AlreadyLinked or AccountTaken. `by` says for the audit log who
    vouches. The user stands there as the one who acted: in that column, and in no other, a person
    can be forgotten again.
    """
    current = await customers.of_user(connection, user_id)
    if current is not None:
        if current.id != customer_id:
            raise AlreadyLinked
        return False
    if not await customers.link(connection, customer_id, user_id, now=now):
        raise AccountTaken
    await on_link(connection, customer_id, now=now)
    occasion = f"linked:{customer_id}:{now.isoformat()}"
    await jobs.add(connection, [apply_roles(user_id, occasion)], now=now)
    await audit.append(
        connection,
        actor_id=user_id,
        action="account.linked",
        subject=customer_id,
        details={"by": by},
        now=now,
    )
    return True


async def unlink(
    connection: AsyncConnection, user_id: UserId, customer_id: CustomerId, *, now: datetime
) -> None:
    """Part them; the subscription goes on. Raises NotLinked unless they are linked.

    Codes of the user's that are still good open nothing any more, the roles of the plan go, and
    what they agreed to be told about the plan is not told.
    """
    current = await customers.of_user(connection, user_id)
    if current is None or current.id != customer_id:
        raise NotLinked
    await customers.unlink(connection, user_id)
    await link_requests.close_all(connection, user_id, now=now)
    await win_backs.take_back(connection, user_id)
    occasion = f"unlinked:{customer_id}:{now.isoformat()}"
    await jobs.add(connection, [apply_roles(user_id, occasion)], now=now)
    await audit.append(
        connection,
        actor_id=user_id,
        action="account.unlinked",
        subject=customer_id,
        details={},
        now=now,
    )
