"""A drawing surface for the report's pictures: text, bars, dots, lines; colours and sizes.

The pictures have a dark background of their own, so that they look alike on Discord's dark and
light one. Two colours tell things apart, blue and orange, which colour-blind people can too. A
phone shows 900 units on some 330 points, so that nothing is smaller than 28.
"""

import io
import threading
from typing import Any

WIDTH = 900
MARGIN = 36
BODY = 32
SMALL = 28
HEADING = 38

GROUND = "#202228"
TRACK = "#363941"
INK = "#f2f3f5"
FAINT = "#b9bec7"
BLUE = "#6ea8fe"
ORANGE = "#f2a14a"
GREY = "#8d94a1"

_DOTS_PER_INCH = 100
# The library keeps fonts in memory that two threads must not use at once.
drawing = threading.Lock()


class Sheet:
    """One picture. Points are counted from the upper left corner."""

    def __init__(self, height: float) -> None:
        """Raises ImportError where the extra `charts` is not installed."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        self._figure = Figure(
            figsize=(WIDTH / _DOTS_PER_INCH, height / _DOTS_PER_INCH),
            dpi=_DOTS_PER_INCH,
            facecolor=GROUND,
        )
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._axes: Any = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(height, 0)

    def text(
        self,
        x: float,
        y: float,
        written: str,
        *,
        size: int = BODY,
        colour: str = INK,
        side: str = "left",
    ) -> None:
        """One line, its middle at `y`. Dollar signs are no formulas here."""
        self._axes.text(
            x,
            y,
            drawable(written),
            color=colour,
            fontsize=size * 72 / _DOTS_PER_INCH,
            ha=side,
            va="center",
            parse_math=False,
        )

    def bar(self, x: float, y: float, width: float, *, height: float = 16, colour: str) -> None:
        """A rectangle, its middle at `y`."""
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        self._axes.add_patch(
            Rectangle((x, y - height / 2), width, height, facecolor=colour, linewidth=0)
        )

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, colour: str, width: float
    ) -> None:
        """A straight line."""
        self._axes.plot(
            [start[0], end[0]],
            [start[1], end[1]],
            color=colour,
            linewidth=width,
            solid_capstyle="butt",
        )

    def dot(self, x: float, y: float, *, colour: str, size: float = 13) -> None:
        """A disc."""
        self._axes.plot([x], [y], marker="o", markersize=size, color=colour, markeredgewidth=0)

    def png(self) -> bytes:
        """The finished picture."""
        out = io.BytesIO()
        self._canvas.print_png(out)
        return out.getvalue()


def shortened(written: str, most: int) -> str:
    """What fits on a line."""
    return written if len(written) <= most else f"{written[: most - 1].rstrip()}…"


def drawable(written: str) -> str:
    """Without the signs that the font does not have, such as emoji."""
    from matplotlib import font_manager  # noqa: PLC0415

    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return "".join(sign for sign in written if font.get_char_index(ord(sign))).strip()
