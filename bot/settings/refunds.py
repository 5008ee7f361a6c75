"""`[refunds]` of `mooring.toml`: what is given back, and who decides (rules S13, S14, R9)."""

from collections.abc import Collection
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.domain.refund import Ground, RefundMode
from bot.domain.refund_policy import RefundPolicy
from bot.settings.section import Section

Currency = Annotated[str, Field(pattern=r"^[a-z]{3}$")]
Amount = Annotated[int, Field(ge=1)]
ChosenGround = Literal[Ground.SERVICE_FAILURE, Ground.DUPLICATE_CHARGE, Ground.OUR_ERROR]


class RefundSection(Section):
    """`none` is the policy of no refunds under any circumstances (rule R9).

    `window_days` count from the payment; a ground that is left out has no end. Amounts are in the
    minor unit, by currency.
    """

    mode: RefundMode = RefundMode.CASE_BY_CASE
    partial_ends_subscription: bool = True
    grounds: Annotated[tuple[ChosenGround, ...], Field(min_length=1)] = (
        Ground.SERVICE_FAILURE,
        Ground.DUPLICATE_CHARGE,
        Ground.OUR_ERROR,
    )
    window_days: dict[ChosenGround, Annotated[int, Field(ge=1, le=3650)]] = Field(
        default_factory=dict
    )
    daily_cap: dict[Currency, Amount] = Field(default_factory=dict)
    two_person_above: dict[Currency, Amount] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "RefundSection":
        if len(set(self.grounds)) != len(self.grounds):
            raise ValueError("each ground once")
        unused = sorted(set(self.window_days) - set(self.grounds))
        if unused:
            raise ValueError(f"window_days of grounds; not in grounds: {', '.join(unused)}")
        for currency, limit in self.two_person_above.items():
            if limit >= self.daily_cap.get(currency, limit + 1):
                raise ValueError(
                    "two_person_above below daily_cap: what nobody may grant needs no second "
                    f"person ({currency})"
                )
        return self

    def problem_with(self, currencies: Collection[str]) -> str | None:
        """A limit that leaves out a currency of the catalogue is none for it."""
        for name, limits in (
            ("daily_cap", self.daily_cap),
            ("two_person_above", self.two_person_above),
        ):
            missing = sorted(set(currencies) - set(limits)) if limits else []
            if missing:
                return (
                    f"refunds.{name} for every currency that you sell in; missing: "
                    f"{', '.join(missing)}"
                )
        return None

    def to_policy(self) -> RefundPolicy:
        """The domain's policy."""
        return RefundPolicy(
            mode=self.mode,
            partial_ends_subscription=self.partial_ends_subscription,
            grounds=self.grounds,
            window_days=MappingProxyType(
                {Ground(each): days for each, days in self.window_days.items()}
            ),
            daily_cap=MappingProxyType(self.daily_cap),
            two_person_above=MappingProxyType(self.two_person_above),
        )
