"""The mail that was sent, for the Mail tab."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from bot.sandbox.mail import MailSink, SentMail
from bot.sandbox.page.accounts import Account
from bot.sandbox.page.requests import DOCUMENT_POLICY, Refused, answer


class Outbox:
    """Lists mail and serves HTML bodies, each under an address (and a policy) of its own."""

    def __init__(self, mail: MailSink, accounts: Sequence[Account]) -> None:
        self._mail = mail
        self._accounts = tuple(accounts)

    def routes(self) -> list[web.RouteDef]:
        """Where the list and the bodies are found."""
        return [web.get("/api/mail", self._list), web.get("/mail/{index}.html", self._body)]

    async def _list(self, _request: web.Request) -> web.Response:
        return answer(
            {
                "messages": [
                    {
                        "id": index,
                        "from": mail.sender,
                        "to": list(mail.recipients),
                        "subject": mail.subject,
                        "text": mail.text,
                        "has_html": bool(mail.html),
                        "attachments": [attachment.filename for attachment in mail.attachments],
                        "at": datetime.fromtimestamp(mail.at, UTC).isoformat(),
                    }
                    for index, mail in enumerate(self._mail.messages)
                ]
            }
        )

    async def _body(self, request: web.Request) -> web.Response:
        index = request.match_info["index"]
        mails = self._mail.messages
        if not index.isdecimal() or int(index) >= len(mails) or not mails[int(index)].html:
            raise Refused(404, "no_such_mail", "There is no such mail.")
        return web.Response(
            text='<base target="_blank">' + self._local_links(mails[int(index)]),
            content_type="text/html",
            headers={"Content-Security-Policy": DOCUMENT_POLICY},
        )

    def _local_links(self, mail: SentMail) -> str:
        """The body with the providers' links leading to the local ones."""
        html = mail.html or ""
        for account in self._accounts:
            for host in account.hosts:
                html = html.replace(f"https://{host}/", f"{account.provider.api_url}/")
        return html
