"""What Linux tells about a process, and on which core it runs."""

import asyncio
import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Processor time that the process has used so far, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_on_one_core(pid: int) -> None:
    """Have every thread of the process share the machine's last core."""
    core = max(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def resident_mib(pid: int) -> float:
    """Memory that the process has in use."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:", 1)[1].split(maxsplit=1)[0]) / 1024


async def wait_until_idle(pid: int) -> None:
    """Until the process has used next to nothing for a whole second."""
    used = cpu_seconds(pid)
    while True:
        await asyncio.sleep(1)
        before, used = used, cpu_seconds(pid)
        if used - before < 0.05:
            return
