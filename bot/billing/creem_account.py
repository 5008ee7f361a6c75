"""The connection to one Creem account, and what its errors mean."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import stamina
from pydantic import SecretStr
from yarl import URL

from bot.billing.pace import Pace, seconds_of
from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError

Json = dict[str, Any]

# Creem answers well within this; a member's screen must not hang on a dead connection.
TIMEOUT_SECONDS = 20
# Only reading is repeated: whatever is sent to Creem twice happens twice.
READS = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
# Creem's own default for customers; the most that it allows is not documented.
LARGEST_PAGE = 50
# Creem documents no limit. A member's screen takes some six requests at once.
REQUESTS_PER_SECOND, REQUESTS_AT_ONCE = 10, 12
# A member waits on the other side: whoever is asked to wait longer than this asks once more.
LONGEST_WAIT_SECONDS = 5.0
# One customer with more than a thousand of something is a mistake of somebody's.
MOST_PAGES = 20
LONGEST_CODE = 80

# Not found is the only refusal with a status of its own.
NOT_FOUND = "not_found"
_NO_USABLE_KEY = (401, 403)
_TOO_MANY = 429


class KeyRefusedError(ProviderUnavailableError):
    """Creem does not take the key.

    It was rolled or lacks a right, which is for the vendor to mend. What members have confirmed
    waits until then, as in every other outage.
    """


class _PassingError(ProviderUnavailableError):
    """Worth another try at once: the network, a 5xx, a rate limit."""


def in_path(object_id: str) -> str:
    """An id as one segment of a path; it cannot lead anywhere else."""
    return quote(object_id, safe="").replace(".", "%2E")


def _decoded(raw: bytes) -> Json:
    try:
        decoded = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError("the answer is not JSON") from error
    if not isinstance(decoded, dict):
        raise ProviderUnavailableError("the answer is no object")
    return decoded


def _code_of(status: int, raw: bytes) -> str:
    """Creem's errors have no codes but sentences, which are made to look like one."""
    if status == 404:
        return NOT_FOUND
    try:
        told = _decoded(raw).get("message")
    except ProviderUnavailableError:
        told = None
    sentence = " ".join(map(str, told)) if isinstance(told, list) else str(told or "")
    words = re.findall(r"[a-z0-9]+", sentence.lower())
    return "_".join(words)[:LONGEST_CODE] or f"status_{status}"


class CreemAccount:
    """One account's API: paths and parameters in, JSON objects out."""

    def __init__(self, *, api_key: SecretStr, api_url: str) -> None:
        """`api_url` is Creem's own address unless a proxy or a test stands in its place."""
        self._api_url = api_url.rstrip("/")
        self._session = aiohttp.ClientSession(
            headers={"x-api-key": api_key.get_secret_value()},
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        )
        self._pace = Pace(per_second=REQUESTS_PER_SECOND, at_once=REQUESTS_AT_ONCE)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def get(self, path: str, **query: str) -> Json:
        """Read one object; raises the two errors of `bot.billing.provider`."""
        # As a block, not a decorator: stamina logs a function's arguments, and some are addresses.
        async for attempt in stamina.retry_context(
            on=_PassingError, attempts=READS, wait_initial=FIRST_PAUSE, wait_max=LONGEST_PAUSE
        ):
            with attempt:
                return await self._ask("GET", path, query=query)
        raise AssertionError("stamina ends with a result or an error")

    async def get_page(self, path: str, number: int, *, size: int, **query: str) -> Json:
        """One page of a list: `items` and `pagination`."""
        return await self.get(path, page_number=str(number), page_size=str(size), **query)

    async def get_all(self, path: str, **query: str) -> list[Json]:
        """Every object of a list, whatever its order."""
        found: list[Json] = []
        for number in range(1, MOST_PAGES + 1):
            page = await self.get_page(path, number, size=LARGEST_PAGE, **query)
            found += page["items"]
            if not has_more(page):
                break
        return found

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """Have something done, once. After ProviderUnavailableError it may have been done."""
        return await self._ask("POST", path, body=body)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        url = URL(self._api_url + path, encoded=True).with_query(query)
        await self._pace.wait()
        try:
            # Creem never redirects, and the key goes to nobody else.
            async with self._session.request(
                method, url, json=body, allow_redirects=False
            ) as response:
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _PassingError(type(error).__name__) from error
        status = response.status
        if 200 <= status < 300:
            return _decoded(raw)
        if status == _TOO_MANY:
            self._hold(response.headers.get("Retry-After"))
        if status >= 500 or status == _TOO_MANY:
            raise _PassingError(f"status {status}")
        if status in _NO_USABLE_KEY:
            raise KeyRefusedError(f"status {status}")
        if status < 400:
            raise ProviderUnavailableError(f"status {status}")
        raise ProviderRefusedError(_code_of(status, raw))

    def _hold(self, retry_after: str | None) -> None:
        """Nobody asks before Creem wants to be asked again."""
        seconds = seconds_of(retry_after, now=datetime.now(UTC), longest=LONGEST_WAIT_SECONDS)
        self._pace.hold(asyncio.get_running_loop().time(), seconds)


def has_more(page: Json) -> bool:
    """Whether another page follows this one."""
    return bool(page["items"]) and page["pagination"]["next_page"] is not None
