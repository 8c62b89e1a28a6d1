"""Keeping what a run printed: one section of docs/benchmarks.md per command, with the date and the machine."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

DOC = Path(__file__).parents[1] / "docs/benchmarks.md"
INTRO = """# Benchmarks

Written by the runs themselves. Every figure stands beside a baseline of the same run: compare ratios, not machines.
"""


def machine() -> str:
    """Return one line on where and when this runs, and how busy it is."""
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({_processor()}), {platform.system()}, "
        f"Python {platform.python_version()}, load {load:.1f} of the last minute"
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return platform.machine()
    found = re.search(r"model name\s*: (.+)", text)
    return found.group(1) if found else platform.machine()


def write(title: str, command: str, body: str) -> None:
    """Put the section in its place, or at the end when it is new."""
    text = DOC.read_text("utf-8") if DOC.exists() else INTRO
    section = f"## {title}\n\n`{command}`, {machine()}.\n\n{body.strip()}\n"
    parts = re.split(r"(?m)^(?=## )", text)
    others = [part for part in parts if not part.startswith(f"## {title}\n")]
    place = len(others) if len(others) == len(parts) else parts.index(next(p for p in parts if p not in others))
    others.insert(place, section)
    DOC.write_text("\n".join(part.rstrip() + "\n" for part in others), "utf-8")
