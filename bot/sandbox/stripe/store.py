"""The account's objects, in memory, by kind and id."""

import secrets
import string
from collections import defaultdict
from collections.abc import Iterator

from bot.sandbox.stripe.wire import Json, missing

_ALPHABET = string.ascii_letters + string.digits

# Fields that never change after an object is made, and by which the engine looks objects up.
_INDEXED = {
    "charge": ("payment_intent", "customer"),
    "dispute": ("charge",),
    "invoice": ("customer",),
    "invoice_payment": ("invoice",),
    "invoiceitem": ("customer",),
    "payment_intent": ("customer",),
    "refund": ("charge", "payment_intent"),
    "subscription": ("customer",),
}


def token(length: int) -> str:
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(length))


def new_id(prefix: str, length: int = 24) -> str:
    """An id as Stripe's look: ``prefix`` and random letters and digits."""
    return f"{prefix}_{token(length)}"


class Store:
    """Objects live here and are changed in place; whatever leaves the sandbox is serialised
    first."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, Json]] = defaultdict(dict)
        self._index: dict[tuple[str, str, object], list[Json]] = defaultdict(list)

    def put(self, obj: Json) -> Json:
        kind, object_id = obj["object"], obj["id"]
        if object_id not in self._kinds[kind]:
            for field in _INDEXED.get(kind, ()):
                self._index[kind, field, obj[field]].append(obj)
        self._kinds[kind][object_id] = obj
        return obj

    def find(self, kind: str, object_id: str) -> Json | None:
        return self._kinds[kind].get(object_id)

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Json:
        """The object, or Stripe's ``resource_missing`` (also for a deleted one)."""
        obj = self.find(kind, object_id)
        if obj is None or obj.get("deleted"):
            raise missing(kind, object_id, param=param, status=status)
        return obj

    def named(self, kind: str, object_id: str, param: str) -> Json:
        """An object that a parameter names: missing ones are a 400 there, not a 404."""
        return self.get(kind, object_id, param=param, status=400)

    def by_id(self, object_id: str) -> Json | None:
        return next((objs[object_id] for objs in self._kinds.values() if object_id in objs), None)

    def newest_first(self, kind: str) -> Iterator[Json]:
        return (obj for obj in reversed(self._kinds[kind].values()) if not obj.get("deleted"))

    def oldest_first(self, kind: str) -> Iterator[Json]:
        return (obj for obj in list(self._kinds[kind].values()) if not obj.get("deleted"))

    def where(self, kind: str, field: str, value: object) -> Iterator[Json]:
        """Objects whose indexed ``field`` is ``value``, newest first."""
        return reversed(self._index.get((kind, field, value), []))

    def candidates(self, kind: str, wanted: Json) -> Iterator[Json]:
        """A superset of the objects whose fields are as ``wanted``, newest first, by an index where
        there is one."""
        for field in _INDEXED.get(kind, ()):
            if field in wanted:
                return self.where(kind, field, wanted[field])
        return self.newest_first(kind)

    def remove(self, kind: str, object_id: str) -> None:
        del self._kinds[kind][object_id]
