"""The mail server: reachable, and the login is accepted."""

import aiosmtplib

from bot.checks.findings import Finding, fine, wrong
from bot.mail import Mailer
from bot.settings import Environment


async def check_mail(environment: Environment) -> Finding:
    """Connect and log in; nothing is sent."""
    mailer = Mailer(environment.smtp_url, sender=environment.mail_from)
    try:
        await mailer.check()
    except aiosmtplib.SMTPAuthenticationError:
        return wrong("The mail server refuses the user or password in SMTP_URL.")
    except (aiosmtplib.SMTPException, OSError) as error:
        return wrong(
            f"The mail server does not answer as it should ({type(error).__name__}). Check host, "
            "port and scheme of SMTP_URL: smtps:// is for TLS from the start, usually port 465."
        )
    return fine("The mail server accepts the connection and the login.")
