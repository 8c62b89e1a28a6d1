"""Runs a cluster until the last process that uses it has ended, then removes all that was made.

python postgres_keeper.py FOLDER UID:GID postgres -D ...      (UID:GID empty: as ourselves)
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def keep(folder: Path, owner: str, serve: list[str]) -> None:
    """Start the cluster and wait for the exclusive lock, which is granted when nobody holds the shared one."""
    lock = folder.with_suffix(".lock")
    fd = os.open(lock, os.O_RDWR)
    uid, _, gid = owner.partition(":")
    who = {"user": int(uid), "group": int(gid), "extra_groups": []} if owner else {}
    server = subprocess.Popen(serve, cwd=folder, **who)
    fcntl.flock(fd, fcntl.LOCK_EX)
    server.send_signal(signal.SIGQUIT)  # its data is thrown away: no checkpoint
    server.wait()
    shutil.rmtree(folder)
    lock.unlink()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
