"""Pieces that many objects share."""

from bot.sandbox.stripe.wire import Json


def nulls(names: str) -> Json:
    """Fields that are present and null."""
    return dict.fromkeys(names.split())


def list_object(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def address(given: Json | None = None) -> Json:
    return {**nulls("city country line1 line2 postal_code state"), **(given or {})}


def automatic_tax() -> Json:
    return {"enabled": False, **nulls("liability status provider")}


def payment_settings() -> Json:
    return nulls("default_mandate payment_method_options payment_method_types")
