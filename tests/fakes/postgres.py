"""A PostgreSQL of the tests' own: one cluster a run on a UNIX socket, one database a test, nothing left behind.

    url = create("world", build)   # a copy of the template `world`, built once a run by `build(url)`
    drop(url)

The cluster starts when it is first wanted, in a temporary folder, with no TCP port; run by root it belongs
to `postgres` or `nobody`. Every process of a run (the workers of pytest-xdist) holds a shared lock on one file;
a keeper waits for the exclusive lock, which the kernel grants when the last of them has ended, however it ended,
and then stops the cluster and removes the folder.

Texts are compared by ICU's English order where the programs have it, not by bytes: what needs those must say so.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.fakes.memory import place

ROOT = Path(__file__).parents[2]
KEEPER = Path(__file__).with_name("postgres_keeper.py")
START_S = 60.0
CONFIG = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "shared_buffers": "64MB", "max_connections": "200", "autovacuum": "off", "deadlock_timeout": "100ms",
    "max_wal_size": "256MB", "log_min_messages": "fatal",
}  # fmt: skip
_held: list[int] = []
_made: list[str] = []
_numbers = itertools.count()


@cache
def cluster() -> Path:
    """Return the folder with the socket of this run's cluster, started if it is the first to ask."""
    folder = place() / f"daogou-pg-{_run_name()}"
    _held.append(_share(folder.with_suffix(".lock")))
    try:
        folder.mkdir()
    except FileExistsError:
        _wait_until_up(folder)
        return folder
    _start(folder)
    return folder


def create(template: str, build: Callable[[str], None]) -> str:
    """Return the URL of a new database, a copy of the template."""
    name = _new_name()
    with _admin() as conn:
        conn.execute("SELECT pg_advisory_lock(1)")  # one builds, the others wait for its work
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (template,)).fetchone() is None:
            _build(conn, template, build)
        conn.execute("SELECT pg_advisory_unlock(1)")
        conn.execute(_sql("CREATE DATABASE {} TEMPLATE {}", name, template))
    _made.append(name)
    return url_of(name)


def copy(url: str) -> str:
    """Return the URL of a copy of a database nobody is connected to."""
    name = _new_name()
    with _admin() as conn:
        conn.execute(_sql("CREATE DATABASE {} TEMPLATE {}", name, str(make_url(url).database)))
    return url_of(name)


def create_empty() -> str:
    """Return the URL of a new database with nothing in it."""
    name = _new_name()
    with _admin() as conn:
        conn.execute(_sql("CREATE DATABASE {}", name))
    _made.append(name)
    return url_of(name)


def url_of(name: str) -> str:
    """Return what goes into DATABASE_URL for a database of the cluster."""
    return f"postgresql://daogou@/{name}?host={cluster()}"


def drop(url: str) -> None:
    """Remove a database, whoever is still connected."""
    name = str(make_url(url).database)
    with _admin() as conn:
        conn.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
    if name in _made:
        _made.remove(name)


def drop_all() -> None:
    """Remove every database this process made."""
    for name in tuple(_made):
        drop(url_of(name))


@cache
def bin_folder() -> Path:
    """Return where initdb, postgres and pg_dump are, installed first if need be."""
    found = subprocess.run([ROOT / ".ci/postgres"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.strip())
    return Path(found.stdout.strip())


def _new_name() -> str:
    """Return a name no other process of the run takes: not by chance, which a simulation may hold fast."""
    return f"t_{os.getpid()}_{next(_numbers)}"


def _run_name() -> str:
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}-{uuid.uuid4().hex}")[:16]


def _share(path: Path) -> int:
    """Return a descriptor with a shared lock on the file at `path`, which a keeper may just be removing."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(fd, fcntl.LOCK_SH)
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(fd).st_ino == path.stat().st_ino:
                return fd
        os.close(fd)


@contextlib.contextmanager
def _admin() -> Iterator[psycopg.Connection]:
    with psycopg.connect(host=str(cluster()), dbname="postgres", user="daogou", autocommit=True) as conn:
        yield conn


def _sql(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _build(conn: psycopg.Connection, template: str, build: Callable[[str], None]) -> None:
    half = f"{template}_half"
    conn.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", half))
    conn.execute(_sql("CREATE DATABASE {}", half))
    build(url_of(half))
    conn.execute(_sql("ALTER DATABASE {} RENAME TO {}", half, template))


# --- the cluster ---------------------------------------------------------------------------


def _owner() -> pwd.struct_passwd | None:
    """Return who the cluster must belong to when we are root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("neither postgres nor nobody is a user here")


def _as(owner: pwd.struct_passwd | None) -> dict[str, object]:
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def _start(folder: Path) -> None:
    owner = _owner()
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        programs = _runnable(bin_folder(), folder, owner)
        _initdb(programs, folder, owner)
        settings = [part for name, value in CONFIG.items() for part in ("-c", f"{name}={value}")]
        serve = [programs / "postgres", "-D", folder / "data", "-k", folder, *settings]
        ids = f"{owner.pw_uid}:{owner.pw_gid}" if owner else ""
        with (folder / "log").open("ab") as log:
            subprocess.Popen(
                [sys.executable, KEEPER, folder, ids, *serve],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder,
            )  # fmt: skip
        _wait_until_up(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".lock").unlink(missing_ok=True)
        raise


def _initdb(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    initdb = [
        programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "daogou", "-E", "UTF8", "--no-sync",
        "--locale=C",
    ]  # fmt: skip
    order = ["--locale-provider=icu", "--icu-locale=en-US"]
    if _version(programs) < 15 or not _has_icu(programs, folder, owner):  # the order of bytes has to do
        order = []
    made = subprocess.run([*initdb, *order], cwd=folder, capture_output=True, text=True, check=False, **_as(owner))
    if made.returncode:
        raise RuntimeError(f"initdb: {made.stderr}")


def _version(programs: Path) -> int:
    shown = subprocess.run([programs / "postgres", "--version"], cwd="/", capture_output=True, text=True, check=True)
    return int(re.findall(r"\d+", shown.stdout)[0])


def _has_icu(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> bool:
    """Ask initdb for no more than that: it looks at its options before it makes anything."""
    ask = [programs / "initdb", "-D", folder / "icu", "--locale-provider=icu", "--icu-locale=en-US", "--encoding=?"]
    told = subprocess.run(ask, cwd=folder, capture_output=True, text=True, check=False, **_as(owner)).stderr
    return "ICU is not supported" not in told


def _runnable(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """Return programs the owner may run: those of a wheel in root's own folder are copied beside the data."""
    try:
        subprocess.run([programs / "initdb", "--version"], cwd="/", capture_output=True, check=True, **_as(owner))
    except PermissionError:
        shutil.copytree(programs.parent, folder / "pg", symlinks=True)
        return folder / "pg" / programs.name
    return programs


def _wait_until_up(folder: Path) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(host=str(folder), dbname="postgres", user="daogou").close()
            return
        except psycopg.OperationalError as exc:
            if time.monotonic() > until:
                log = (folder / "log").read_text("utf-8", "replace") if (folder / "log").exists() else ""
                raise RuntimeError(f"PostgreSQL did not start: {log}") from exc
        time.sleep(0.02)
