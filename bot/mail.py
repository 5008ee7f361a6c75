"""Sending mail over SMTP."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

TIMEOUT_SECONDS = 20


class MailRefusedError(Exception):
    """The server will never take this mail: asking again brings the same answer."""


class Mailer:
    """One SMTP account."""

    def __init__(self, smtp_url: SecretStr, *, sender: str) -> None:
        """`smtp_url` is smtp://user:password@host:port (STARTTLS where offered) or smtps://."""
        parts = urlsplit(smtp_url.get_secret_value())
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = SecretStr(unquote(parts.password or ""))
        self._sender = sender

    def _connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls,
            username=self._user,
            password=self._password.get_secret_value() if self._user else None,
            timeout=TIMEOUT_SECONDS,
        )

    async def check(self) -> None:
        """Connect and log in; raises aiosmtplib.SMTPException or OSError."""
        async with self._connection() as connection:
            await connection.noop()

    async def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        page: tuple[str, str] | None = None,
    ) -> None:
        """Send one mail; raises MailRefusedError where another try would be useless.

        `message_id` is the same for every try, so that a mail sent twice around a crash is shown
        once by mail programs that compare it. `page` is an HTML file to attach: name and text.
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, to, subject
        domain = self._sender.rsplit("@", 1)[1].strip(" >")
        mail["Message-ID"] = f"<{message_id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        if page is not None:
            name, html = page
            mail.add_attachment(html, subtype="html", filename=name)
        try:
            async with self._connection() as connection:
                await connection.send_message(mail)
        except aiosmtplib.SMTPResponseException as error:
            if 500 <= error.code < 600 and not isinstance(
                error, aiosmtplib.SMTPAuthenticationError
            ):
                raise MailRefusedError(str(error.code)) from error
            raise
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(500 <= each.code < 600 for each in error.recipients):
                raise MailRefusedError("recipient") from error
            raise
