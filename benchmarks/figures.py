"""Figures with their goals, as a table and as JSON."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    kind: Literal["at least", "at most"]
    limit: float

    def is_reached_by(self, value: float) -> bool:
        """Whether the value is on the right side."""
        return value >= self.limit if self.kind == "at least" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity; `values` has one entry per round. Without a goal it only explains."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """The value that is held against the goal."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """Median by goal; None without a goal other than zero."""
        return self.median / self.goal.limit if self.goal and self.goal.limit else None

    def to_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "name": self.name,
            "unit": self.unit,
            "rounds": list(self.values),
            "min": min(self.values),
            "median": self.median,
            "max": max(self.values),
            "goal": None if self.goal is None else f"{self.goal.kind} {self.goal.limit:g}",
            "ratio": self.ratio,
            "reached": None if self.goal is None else self.goal.is_reached_by(self.median),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


_HEADINGS = ("figure", "unit", "min", "median", "max", "goal", "median/goal", "")


def table(figures: Iterable[Figure]) -> str:
    """One line per figure."""
    lines = [_HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    goal, ratio = figure.goal, figure.ratio
    return (
        figure.name,
        figure.unit,
        *(_number(value) for value in (min(figure.values), figure.median, max(figure.values))),
        f"{goal.kind} {goal.limit:g}" if goal else "",
        "" if ratio is None else f"{ratio:.2f}",
        "" if goal is None else "reached" if goal.is_reached_by(figure.median) else "MISSED",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"
