"""/v1/transactions and /v1/refunds. Documented: a refund takes the transaction alone and answers
with its status alone. Chosen: transactions are listed newest first, declined ones too."""

from bot.sandbox.creem import refunds, shapes
from bot.sandbox.creem.params import Fields, page, text
from bot.sandbox.creem.records import Transaction
from bot.sandbox.creem.routing import Call, Route, paged
from bot.sandbox.creem.wire import Json

_FILTERS = ("customer_id", "order_id", "product_id")


def _get(call: Call) -> Json:
    return shapes.transaction(call.world.get(Transaction, call.params["transaction_id"]))


def _search(call: Call) -> Json:
    wanted = {name: call.params[name] for name in _FILTERS if name in call.params}
    newest_first = reversed(call.world.all(Transaction, **wanted))
    return paged(call, [shapes.transaction(one) for one in newest_first])


def _refund(call: Call) -> Json:
    payment = call.world.get(Transaction, call.params["transaction_id"])
    return {"status": refunds.refund(call.world, payment).status}


_BY_ID = Fields(("transaction_id",), transaction_id=text)

ROUTES = [
    Route(
        "GET",
        "/v1/transactions/search",
        page(customer_id=text, order_id=text, product_id=text),
        _search,
    ),
    Route("GET", "/v1/transactions", _BY_ID, _get),
    Route("POST", "/v1/refunds", _BY_ID, _refund),
]
