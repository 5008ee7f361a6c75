"""The refund desk as moderators use it."""

from pathlib import Path
from typing import Any

from bot.sandbox.discord import Interaction, Message, Persona
from storage import audit
from storage.database import Database
from tests.scenario.stage import Stage

GROUND = "Our error"
SAGA = ["refund.requested", "refund.made", "refund.done"]


def payment_of(stage: Stage, invoice_id: str | None = None) -> str:
    """The payment of Mia's subscription."""
    wanted = invoice_id or stage.subscription["latest_invoice"]
    [payment] = [
        each for each in stage.scene.stripe.objects("invoice_payment") if each["invoice"] == wanted
    ]
    return str(payment["payment"]["payment_intent"])


async def look_up(stage: Stage, moderator: Persona, member: Persona) -> Message:
    """Run /refund for a member."""
    answer = await moderator.slash("refund", channel=stage.here, member=member.user)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


async def pick(
    stage: Stage, moderator: Persona, *, payment: str | None = None, member: Persona | None = None
) -> Message:
    """Choose a payment and see the consequence."""
    screen = await look_up(stage, moderator, member or stage.mia)
    await moderator.choose(screen, payment or payment_of(stage))
    return screen


async def draft(
    stage: Stage, moderator: Persona | None = None, *, payment: str | None = None
) -> Message:
    """Everything up to the confirmation."""
    by = moderator or stage.max
    screen = await pick(stage, by, payment=payment)
    await by.choose(screen, GROUND)
    return screen


async def confirm(stage: Stage, screen: Message, moderator: Persona | None = None) -> Interaction:
    """Press the red button."""
    [button] = [each for each in screen.buttons if (each.label or "").startswith("Confirm")]
    return await (moderator or stage.max).click(screen, button.label)


def refunds(stage: Stage) -> list[dict[str, Any]]:
    """What Stripe has refunded."""
    return stage.scene.stripe.objects("refund")


def audited(stage: Stage) -> list[str]:
    """What the audit log says about refunds, in order."""
    rows = stage.rows("SELECT action FROM audit_log WHERE action LIKE 'refund.%' ORDER BY id")
    return [row["action"] for row in rows]


async def audit_log_holds(stage: Stage) -> bool:
    """Whether every row of the audit log is what was written."""
    path = Path(stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        async with database.read() as connection:
            return await audit.first_broken_row(connection) is None
    finally:
        await database.close()


def nothing_happened(stage: Stage) -> bool:
    """Neither money nor the subscription has moved."""
    return not refunds(stage) and stage.subscription["status"] == "active"
