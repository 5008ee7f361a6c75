"""The mail sink over real SMTP, with the client the bot uses."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from bot.sandbox.mail import MailSink, SentMail


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    running = MailSink(clock=lambda: 42.0)
    await running.start()
    yield running
    await running.stop()


def letter(to: str = "mia@example.com", *, subject: str = "Your code") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Mooring <billing@bot.example>"
    message["To"] = to
    message["Subject"] = subject
    message["X-Reference"] = "ABC"
    message.set_content("Code: 123456\nGrüße")
    message.add_alternative("<p>Code: <b>123456</b></p>", subtype="html")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="r.pdf")
    return message


async def send(sink: MailSink, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname=sink.host, port=sink.port, start_tls=False)


async def test_what_is_sent_is_kept(sink: MailSink) -> None:
    assert sink.url == f"smtp://127.0.0.1:{sink.port}"
    await send(sink, letter())
    [mail] = sink.messages
    assert (mail.sender, mail.recipients) == ("billing@bot.example", ("mia@example.com",))
    assert (mail.subject, mail.headers["X-Reference"], mail.at) == ("Your code", "ABC", 42.0)
    assert "Grüße" in mail.text
    assert "<b>123456</b>" in (mail.html or "")
    [attached] = mail.attachments
    assert (attached.filename, attached.content) == ("r.pdf", b"\x00\x01")


async def test_waiting_for_a_message(sink: MailSink) -> None:
    waiting = asyncio.create_task(sink.wait_for(to="mia@example.com", containing="second"))
    await send(sink, letter("noor@example.com", subject="second"))
    await send(sink, letter(subject="first"))
    assert not waiting.done()
    await send(sink, letter(subject="second"))
    mail = await waiting
    assert (mail.recipients, mail.subject) == (("mia@example.com",), "second")
    with pytest.raises(TimeoutError):
        await sink.wait_for(containing="third", timeout=0.05)


async def test_listeners(sink: MailSink) -> None:
    heard: list[SentMail] = []
    unsubscribe = sink.subscribe(heard.append)
    await send(sink, letter())
    unsubscribe()
    unsubscribe()
    await send(sink, letter())
    assert (len(heard), len(sink.messages)) == (1, 2)


async def test_a_rejected_recipient(sink: MailSink) -> None:
    sink.reject(r"@nowhere\.example$")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(sink, letter("gone@nowhere.example"))
    assert refused.value.recipients[0].code == 550
    await send(sink, letter())
    assert len(sink.messages) == 1


async def test_down_and_up_again(sink: MailSink) -> None:
    sink.down = True
    with pytest.raises(aiosmtplib.SMTPException):
        await send(sink, letter())
    sink.down = False
    await send(sink, letter())
    assert len(sink.messages) == 1


async def test_a_stopped_sink_refuses_connections(sink: MailSink) -> None:
    host, port = sink.host, sink.port
    await sink.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await aiosmtplib.send(letter(), hostname=host, port=port, start_tls=False)
    with pytest.raises(RuntimeError, match="not been started"):
        _ = sink.url


async def test_the_standard_library_can_talk_to_it(sink: MailSink) -> None:
    def deliver() -> None:
        with smtplib.SMTP(sink.host, sink.port, timeout=20) as client:
            client.send_message(letter())

    await asyncio.to_thread(deliver)
    assert len(sink.messages) == 1
