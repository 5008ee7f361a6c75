"""Mail as jobs send it: what the server will never take is not tried for ever."""

import aiosmtplib
import structlog

from bot.mail import Mailer, MailRefusedError
from bot.services.jobs import TryAgainError

_log = structlog.get_logger(__name__)


class MailJobs:
    """Sends mail for the cogs, with the errors that jobs understand."""

    def __init__(self, mailer: Mailer) -> None:
        """Send through `mailer`."""
        self._mailer = mailer

    async def __call__(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        page: tuple[str, str] | None = None,
    ) -> bool:
        """As `cogs.dependencies.SendMail` says; raises TryAgainError while no server takes it."""
        try:
            await self._mailer.send(
                to=to, subject=subject, text=text, message_id=message_id, page=page
            )
        except MailRefusedError as refusal:
            _log.warning("mail_refused", code=str(refusal), message_id=message_id)
            return False
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TryAgainError(f"mail: {type(error).__name__}") from error
        return True
