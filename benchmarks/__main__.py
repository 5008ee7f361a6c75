"""The command line: run all benchmarks or the named ones, print what they reached."""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import (
    desk,
    full_desk,
    interactions,
    renewals,
    restart,
    scale,
    tickets,
    usage,
    webhooks,
)
from benchmarks.figures import Figure, table

BENCHMARKS = {
    "interactions": interactions.measure,
    "tickets": tickets.measure,
    "desk": desk.measure,
    "full_desk": full_desk.measure,
    "restart": restart.measure,
    "webhooks": webhooks.measure,
    "usage": usage.measure,
    "renewals": renewals.measure,
    "scale": scale.measure,
}


async def _run(names: list[str]) -> dict[str, list[Figure]]:
    measured = {}
    for name in names:
        print(f"{name}…", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="mooring-bench-") as directory:
            measured[name] = await BENCHMARKS[name](Path(directory))
    return measured


def main() -> None:
    """Figures decide nothing here: the exit status is 0 whatever they are."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Mooring over the local Discord and Stripe"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    measured = asyncio.run(_run(given.names or list(BENCHMARKS)))
    print(table([figure for figures in measured.values() for figure in figures]))
    if given.json is not None:
        report = {
            "python": platform.python_version(),
            "machine": platform.platform(),
            "benchmarks": {
                name: [figure.to_json() for figure in figures] for name, figures in measured.items()
            },
        }
        given.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
