"""A local SMTP server that keeps what it is sent, for the demo's outbox and for tests."""

import asyncio
import re
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SentMail:
    """One accepted message. ``recipients`` are those of the envelope; ``at`` is the sink's
    clock."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]
    attachments: tuple[Attachment, ...]
    at: float


def read_mail(content: bytes, *, sender: str, recipients: tuple[str, ...], at: float) -> SentMail:
    """The parts of a MIME message. ``text`` is empty when there is only HTML."""
    message = message_from_bytes(content, policy=policy.default)
    return SentMail(
        sender=sender,
        recipients=recipients,
        subject=str(message.get("Subject", "")),
        text=_body(message, "plain") or "",
        html=_body(message, "html"),
        headers={name: str(value) for name, value in message.items()},
        attachments=tuple(
            Attachment(
                part.get_filename() or "",
                part.get_content_type(),
                _content(part),
            )
            for part in message.iter_attachments()
        ),
        at=at,
    )


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _body(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body(preferencelist=(subtype,))
    return None if part is None else str(part.get_content())


class MailSink:
    """Serves SMTP on the running loop. ``clock`` stamps the messages. While ``down`` every
    conversation is refused with 421, as a server in maintenance does."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.messages: list[SentMail] = []
        self.down = False
        self._clock = clock
        self._listeners: list[Callable[[SentMail], None]] = []
        self._rejected: list[re.Pattern[str]] = []
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._conversations: weakref.WeakSet[_Conversation] = weakref.WeakSet()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._converse, host, port)

    def _converse(self) -> asyncio.Protocol:
        if self.down:
            return _Unavailable()
        conversation = _Conversation(self)
        self._conversations.add(conversation)
        return conversation

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for conversation in list(self._conversations):
            conversation.hang_up()
        await self._server.wait_closed()
        self._server = None

    @property
    def host(self) -> str:
        return self._address()[0]

    @property
    def port(self) -> int:
        return self._address()[1]

    @property
    def url(self) -> str:
        """Raises RuntimeError before ``start``."""
        return f"smtp://{self.host}:{self.port}"

    def _address(self) -> tuple[str, int]:
        if self._server is None:
            raise RuntimeError("the mail sink has not been started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    def reject(self, address_pattern: str) -> None:
        """Answer 550 to recipients in which the pattern is found."""
        self._rejected.append(re.compile(address_pattern))

    def rejects(self, address: str) -> bool:
        return any(pattern.search(address) for pattern in self._rejected)

    def subscribe(self, listener: Callable[[SentMail], None]) -> Callable[[], None]:
        """Call the listener for every message. Returns how to unsubscribe."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def keep(self, content: bytes, *, sender: str, recipients: tuple[str, ...]) -> None:
        mail = read_mail(content, sender=sender, recipients=recipients, at=self._clock())
        self.messages.append(mail)
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
        for listener in list(self._listeners):
            listener(mail)

    async def wait_for(
        self,
        to: str | None = None,
        containing: str | None = None,
        timeout: float = 15.0,  # noqa: ASYNC109
    ) -> SentMail:
        """The newest message to the address with the string in its subject, text or HTML, waiting
        for one if need be. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                arrived = self._arrived
                for mail in reversed(self.messages):
                    if _fits(mail, to, containing):
                        return mail
                await arrived.wait()


def _fits(mail: SentMail, to: str | None, containing: str | None) -> bool:
    whole = f"{mail.subject}\n{mail.text}\n{mail.html or ''}"
    return (to is None or to in mail.recipients) and (containing is None or containing in whole)


class _Conversation(SMTP):
    """One client's SMTP session."""

    def __init__(self, sink: MailSink) -> None:
        super().__init__(
            _Handler(sink),
            hostname="localhost",
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


class _Handler:
    """aiosmtpd's hooks: names and arguments are its convention."""

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        if self._sink.rejects(address):
            return "550 5.1.1 mailbox unavailable"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        content = envelope.original_content or b""
        recipients = tuple(envelope.rcpt_tos)
        self._sink.keep(content, sender=envelope.mail_from or "", recipients=recipients)
        return "250 OK"


class _Unavailable(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 service not available\r\n")
            transport.close()
