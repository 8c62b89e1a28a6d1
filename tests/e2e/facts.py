"""What the test knows beyond the screens: a member's phone to sign in with, and what the server has settled."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_stub.config import Secrets
from server_stub.people.phones import unseal


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

    def members(self, staff_no: str, since: str) -> list[Member]:
        """Members of a guide who agreed to marketing, were not contacted lately and hold no coupon, oldest first."""
        rows = self.rows(
            "SELECT c.id, c.name, c.phone_sealed FROM customer c JOIN staff s ON s.id = c.guide_id"
            " WHERE s.staff_no = ? AND c.phone_sealed IS NOT NULL"
            " AND (SELECT granted FROM consent k WHERE k.customer_id = c.id AND k.purpose = 'marketing'"
            "      ORDER BY k.at DESC, k.id DESC LIMIT 1) = 1"
            " AND NOT EXISTS (SELECT 1 FROM contact t WHERE t.customer_id = c.id AND t.at >= ?)"
            " AND NOT EXISTS (SELECT 1 FROM coupon u WHERE u.customer_id = c.id)"
            " AND NOT EXISTS (SELECT 1 FROM browse_event b WHERE b.customer_id = c.id AND b.at >= ?)"
            " AND (SELECT count(*) FROM customer d WHERE d.guide_id = c.guide_id AND d.name = c.name) = 1"
            " ORDER BY c.joined_at LIMIT 20",
            staff_no, since, since,
        )  # fmt: skip
        return [Member(i, name, unseal(self.secrets, i, sealed)) for i, name, sealed in rows]

    def view(self, bucket: str, kind: str) -> dict[str, dict[str, Any]]:
        """The client view of one bucket: id to value."""
        rows = self.rows(
            "SELECT key, value FROM sync_row WHERE bucket = ? AND key LIKE ? AND value IS NOT NULL", bucket, f"{kind}/%"
        )
        return {key.partition("/")[2]: json.loads(value) for key, value in rows}
