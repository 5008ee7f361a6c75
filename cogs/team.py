"""Telling the team what belongs to no server of its own."""

from collections.abc import Callable

from cogs.dependencies import Dependencies
from cogs.layout import View


async def tell_team(
    deps: Dependencies, view: Callable[[], View], *, key: str, subject: str, text: str
) -> None:
    """In every log channel; by mail to the vendor where there is none, so that somebody hears."""
    posted = [
        await deps.messenger.post(channel_id, view(), key=f"{key}:{channel_id}")
        for channel_id in await deps.guilds.log_channels()
    ]
    if any(posted):
        return
    await deps.send_mail(
        to=deps.vendor.support_email,
        subject=subject,
        text=text.replace("**", "").replace("`", ""),
        message_id=key.replace(":", "-"),
    )
