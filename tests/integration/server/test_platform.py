"""Settings, secrets, transactions, audit, migrations, bulk projection."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, update

from app.protocol import objects
from server_stub import jobs, migrations
from server_stub import tables as t
from server_stub.clock import from_env
from server_stub.config import ConfigError, Secrets, Settings, load_secrets
from server_stub.sync import projections
from tests.fakes.server import Server, open_database


def test_production_wants_its_secrets_given_and_kept_close(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "secrets.json"
    with pytest.raises(ConfigError):
        load_secrets(path, "production")
    made = load_secrets(path, "dev")
    assert path.stat().st_mode & 0o777 == 0o600 and Secrets.load(path) == made
    path.chmod(0o644)
    with pytest.raises(ConfigError):
        load_secrets(path, "production")
    assert not any(value.hex() in repr(Settings(tmp_path, secrets=made)) for value in [made.cookie, made.share_master])
    monkeypatch.setenv("DAOGOU_CLOCK_FILE", str(path))
    with pytest.raises(ValueError, match="production"):
        from_env("production")


def test_the_migrations_make_what_the_metadata_says(tmp_path: Path, backend: str) -> None:
    db = open_database(backend, tmp_path / "home", world=False)
    migrations.upgrade(db)
    with db.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), t.metadata) == []
    db.close()


def test_a_transaction_that_fails_leaves_no_trace(tmp_path: Path, backend: str) -> None:
    db = open_database(backend, tmp_path / "home")
    told: list[frozenset[str]] = []
    db.listen(told.append)
    with pytest.raises(RuntimeError), db.begin() as tx:
        tx.conn.execute(update(t.customer).values(note="x"))
        tx.touch("customer", "c1")
        raise RuntimeError
    with db.begin() as tx:
        assert set(tx.conn.execute(select(t.customer.c.note)).scalars()) == {""}
        tx.touch("customer", "c1")  # touched, not changed: no new version, nobody is woken
    assert told == []
    db.close()


def test_the_audit_is_a_chain(tmp_path: Path, backend: str) -> None:
    db = open_database(backend, tmp_path / "home")
    for n in range(3):
        with db.begin() as tx:
            tx.audit("test", f"thing/{n}", {"n": n})
    with db.read() as conn:
        rows = [dict(row) for row in conn.execute(select(t.audit).order_by(t.audit.c.seq)).mappings()]
    before = ""
    for row in rows:
        digest, _ = row.pop("hash"), row.pop("seq")
        assert row["prev_hash"] == before
        before = hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        assert digest == before
    db.close()


def test_every_object_has_a_projector_and_one_value_in_one_bucket(tmp_path: Path, backend: str) -> None:
    assert projections.PROJECTORS.keys() == objects.OBJECTS.keys()
    db = open_database(backend, tmp_path / "home")
    with db.begin() as tx:
        live = tx.conn.execute(select(t.sync_row.c.key).where(t.sync_row.c.value.is_not(None))).scalars().all()
        assert len(live) == len(set(live)) > 20
        assert projections.project_all(tx.conn, now=tx.now) == frozenset()  # again changes nothing
        for row in tx.conn.execute(select(t.sync_row.c.key, t.sync_row.c.value)):
            kind, object_id = objects.split_key(row.key)
            made = objects.OBJECTS[kind](**json.loads(row.value))
            assert made.id == object_id
    db.close()


def test_bulk_and_single_projection_agree(tmp_path: Path, backend: str) -> None:
    db = open_database(backend, tmp_path / "home")
    with db.begin() as tx:
        tx.conn.execute(insert(t.orders), [_order(n) for n in range(700)])
        tx.conn.execute(insert(t.order_line), [_line(n, k) for n in range(700) for k in (1, 0)])
        projections.project_all(tx.conn, ["order"], tx.now)
        bulk = dict(tx.conn.execute(select(t.sync_row.c.key, t.sync_row.c.value)).all())
        before = tx.conn.execute(select(t.bucket)).all()
    with db.begin() as tx:
        tx.touch("order", *(f"order-{n}" for n in range(700)))
    with db.read() as conn:
        assert conn.execute(select(t.bucket)).all() == before
    value = json.loads(bulk["order/order-5"])
    assert [line["id"] for line in value["lines"]] == ["line-5-0", "line-5-1"]
    assert "order/order-3" not in {key for key in bulk if json.loads(bulk[key]).get("customer_id") == "c5"}
    db.close()


def _order(n: int) -> dict:
    return {
        "id": f"order-{n}", "no": f"N{n}", "customer_id": f"c{n % 6 + 1}", "channel": "store", "status": "paid",
        "created_at": "2026-01-01T02:00:00Z", "paid_at": "2026-01-01T02:00:00Z", "paid_fen": 100, "store_id": "s1",
    }  # fmt: skip


def _line(n: int, k: int) -> dict:
    return {
        "id": f"line-{n}-{k}",
        "order_id": f"order-{n}",
        "position": k,
        "name": "x",
        "price_fen": 50,
        "paid_fen": 50,
    }


async def test_the_minutely_jobs_run_and_one_fault_stops_no_other(server: Server, monkeypatch) -> None:
    assert jobs.run_once(server.db).keys() >= {"commission", "leases", "views", "tombstones"}

    def broken(_tx: object) -> int:
        raise RuntimeError

    monkeypatch.setattr("server_stub.trade.commission.confirm_due", broken)
    assert set(jobs.run_once(server.db).values()) == {0}
