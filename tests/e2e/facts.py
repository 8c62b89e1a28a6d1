"""What the test knows beyond the screens: a member's phone to sign in with, and what the server has settled."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.domain.instants import to_text
from server_stub.config import Secrets
from server_stub.people.phones import phone_hash


@dataclass(frozen=True)
class Member:
    """A customer of one guide, with the phone that only they and the server know."""

    id: str
    name: str
    phone: str


class Facts:
    """Reads the server's database as an auditor would; never writes."""

    def __init__(self, home: Path) -> None:
        self.path = home / "server/daogou.db"
        self.secrets = Secrets.load(home / "server/secrets.json")

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        conn = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return conn.execute(sql, params).fetchall()
        finally:
            conn.close()

    def one(self, sql: str, *params: Any) -> Any:
        found = self.rows(sql, *params)
        return found[0][0] if found else None

    def guide_id(self, staff_no: str) -> str:
        return str(self.one("SELECT id FROM staff WHERE staff_no = ?", staff_no))

    def member(self, phone: str) -> Member:
        """One of the members the demo keeps free for walk-throughs."""
        found = self.rows("SELECT id, name FROM customer WHERE phone_hash = ?", phone_hash(self.secrets, phone))
        return Member(*found[0], phone)

    def sessions(self, member: Member, product_id: str, since: datetime) -> int:
        """How many visits of a member to a product the server holds since then."""
        return int(
            self.one(
                "SELECT count(DISTINCT session_id) FROM browse_event"
                " WHERE customer_id = ? AND product_id = ? AND at >= ?",
                member.id,
                product_id,
                to_text(since),
            )
        )

    def commission(self, guide_id: str, member: Member) -> tuple[int, int, str, list[dict[str, Any]], int]:
        """The newest entry for an order of a member: amount, base, order number, steps, and the rule's rate."""
        amount, base, order_no, steps, bp = self.rows(
            "SELECT e.amount_fen, e.base_fen, o.no, e.steps, r.rate_bp FROM commission_entry e"
            " JOIN orders o ON o.id = e.order_id JOIN commission_rule r ON r.id = e.rule_id"
            " WHERE e.guide_id = ? AND o.customer_id = ? ORDER BY e.created_at DESC, e.id DESC LIMIT 1",
            guide_id, member.id,
        )[0]  # fmt: skip
        return int(amount), int(base), str(order_no), json.loads(steps), int(bp)

    def sales_of_day(self, guide_id: str, day: str) -> int:
        """What the manager's board must show for a guide's day, in fen."""
        return int(self.one("SELECT sales_fen FROM guide_day WHERE guide_id = ? AND date = ?", guide_id, day))

    def view(self, bucket: str, kind: str) -> dict[str, dict[str, Any]]:
        """The client view of one bucket: id to value."""
        rows = self.rows(
            "SELECT key, value FROM sync_row WHERE bucket = ? AND key LIKE ? AND value IS NOT NULL", bucket, f"{kind}/%"
        )
        return {key.partition("/")[2]: json.loads(value) for key, value in rows}
