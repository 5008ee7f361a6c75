"""Uploaded files and their signed, expiring addresses."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from bot.sandbox.discord.wire import Json

LINK_SECONDS = 24 * 3600
"""How long a signed attachment address works (Discord: about a day)."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a person or the bot uploads."""

    name: str
    data: bytes
    content_type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file; its address is signed anew whenever it is written to the wire."""

    id: str
    channel_id: str
    filename: str
    data: bytes
    content_type: str
    description: str | None
    ephemeral: bool
    store: FileStore

    @property
    def url(self) -> str:
        """A signed address that works for ``LINK_SECONDS``."""
        return self.store.signed_url(self)

    def payload(self) -> Json:
        """The API's attachment object."""
        url = self.url
        body: Json = {
            "id": self.id,
            "filename": self.filename,
            "size": len(self.data),
            "url": url,
            "proxy_url": url,
            "content_type": self.content_type,
        }
        if self.description is not None:
            body["description"] = self.description
        if self.ephemeral:
            body["ephemeral"] = True
        return body


class FileStore:
    """Keeps uploads in memory and signs their addresses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._files: dict[str, Attachment] = {}
        self._key = b"sandbox cdn"
        self.base_url = ""

    def add(
        self, attachment_id: str, channel_id: str, file: File, *, ephemeral: bool
    ) -> Attachment:
        """Store an upload."""
        # By the name first: clients upload everything as application/octet-stream.
        guessed = mimetypes.guess_type(file.name)[0] or file.content_type
        attachment = Attachment(
            id=attachment_id,
            channel_id=channel_id,
            filename=file.name,
            data=file.data,
            content_type=guessed or "application/octet-stream",
            description=file.description,
            ephemeral=ephemeral,
            store=self,
        )
        self._files[attachment.id] = attachment
        return attachment

    def signed_url(self, attachment: Attachment) -> str:
        """The attachment's address with issue time, expiry and signature."""
        issued = int(self._clock())
        path = f"/cdn/attachments/{attachment.channel_id}/{attachment.id}"
        query = f"ex={issued + LINK_SECONDS:x}&is={issued:x}"
        signature = self._sign(f"{path}?{query}")
        return f"{self.base_url}{path}/{quote(attachment.filename)}?{query}&hm={signature}&"

    def open(self, channel_id: str, attachment_id: str, query: dict[str, str]) -> Attachment | None:
        """The stored file behind a signed address; None when it is forged, expired or gone."""
        expiry, issued = query.get("ex", ""), query.get("is", "")
        expected = self._sign(
            f"/cdn/attachments/{channel_id}/{attachment_id}?ex={expiry}&is={issued}"
        )
        if not hmac.compare_digest(expected, query.get("hm", "")):
            return None
        if int(expiry, 16) < self._clock():
            return None
        return self._files.get(attachment_id)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
