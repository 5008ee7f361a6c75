"""Several snapshots as one, and what is not as its provider documents it left out of them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from bot.billing.provider import Snapshot, Unreadable, UnreadableError

_Shown = TypeVar("_Shown", bound=Mapping[str, Any])

# A field that is not there, or not of its kind.
_NOT_AS_DOCUMENTED = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


@contextmanager
def reading(object_id: object) -> Iterator[None]:
    """Raise UnreadableError, which names the object and the field, where either cannot be read."""
    try:
        yield
    except _NOT_AS_DOCUMENTED as error:
        what = Unreadable(str(object_id), _field(error), type(error).__name__)
        raise UnreadableError(what) from error


def _field(error: Exception) -> str:
    """The field that is missing, or else the function that has read it: what stood there instead
    may be personal."""
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        return error.args[0]
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"in {trace.tb_frame.f_code.co_name}"


def _id_of(shown: object) -> object:
    return shown.get("id") if isinstance(shown, Mapping) else None


async def if_readable(shown: Mapping[str, Any], read: Awaitable[Snapshot]) -> Snapshot:
    """What is read of an object that the provider has shown; or that it cannot be read."""
    try:
        with reading(_id_of(shown)):
            return await read
    except UnreadableError as error:
        return Snapshot(unreadable=(error.what,))


def sorted_out(
    found: Iterable[_Shown], read: Callable[[_Shown], object]
) -> tuple[list[_Shown], tuple[Unreadable, ...]]:
    """Those of the objects that can be read, and what is wrong with the others."""
    readable: list[_Shown] = []
    unreadable: list[Unreadable] = []
    for each in found:
        try:
            with reading(_id_of(each)):
                read(each)
        except UnreadableError as error:
            unreadable.append(error.what)
        else:
            readable.append(each)
    return readable, tuple(unreadable)


def read_each(found: Iterable[_Shown], read: Callable[[_Shown], Snapshot]) -> Snapshot:
    """All of them together, without those that cannot be read."""
    snapshots: list[Snapshot] = []
    _, unreadable = sorted_out(found, lambda each: snapshots.append(read(each)))
    return merged([*snapshots, Snapshot(unreadable=unreadable)])


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Several as one; what is in more than one of them, once."""
    several = list(snapshots)
    return Snapshot(
        customers=tuple(dict.fromkeys(each for one in several for each in one.customers)),
        subscriptions=tuple(each for one in several for each in one.subscriptions),
        payments=tuple(each for one in several for each in one.payments),
        invoices=tuple(each for one in several for each in one.invoices),
        paid_periods=tuple(each for one in several for each in one.paid_periods),
        completed_checkouts=tuple(each for one in several for each in one.completed_checkouts),
        disputes=tuple(each for one in several for each in one.disputes),
        unreadable=tuple(dict.fromkeys(each for one in several for each in one.unreadable)),
    )
