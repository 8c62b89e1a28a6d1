"""What the database itself never lets anybody change: statements, the entries in them (rules 4.6, 4.8), the audit."""

from __future__ import annotations

from sqlalchemy import Connection

SQLITE = (
    "CREATE TRIGGER IF NOT EXISTS statement_stays_u BEFORE UPDATE ON statement"
    " BEGIN SELECT RAISE(ABORT, 'a statement never changes'); END",
    "CREATE TRIGGER IF NOT EXISTS statement_stays_d BEFORE DELETE ON statement"
    " BEGIN SELECT RAISE(ABORT, 'a statement never changes'); END",
    "CREATE TRIGGER IF NOT EXISTS settled_stays_u BEFORE UPDATE ON commission_entry WHEN OLD.state = 'settled'"
    " BEGIN SELECT RAISE(ABORT, 'a settled entry never changes'); END",
    "CREATE TRIGGER IF NOT EXISTS settled_stays_d BEFORE DELETE ON commission_entry WHEN OLD.state = 'settled'"
    " BEGIN SELECT RAISE(ABORT, 'a settled entry never changes'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_stays_u BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit never changes'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_stays_d BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit never changes'); END",
)
POSTGRES = (
    "CREATE OR REPLACE FUNCTION stays() RETURNS trigger AS $$"
    " BEGIN RAISE EXCEPTION 'a statement and its entries never change'"
    " USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql",
    "CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger AS $$"
    " BEGIN RAISE EXCEPTION 'the audit never changes'"
    " USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql",
    "CREATE OR REPLACE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit"
    " FOR EACH ROW EXECUTE FUNCTION audit_stays()",
    "CREATE OR REPLACE TRIGGER audit_stays_whole BEFORE TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()",
    "CREATE OR REPLACE TRIGGER statement_stays BEFORE UPDATE OR DELETE ON statement"
    " FOR EACH ROW EXECUTE FUNCTION stays()",
    "CREATE OR REPLACE TRIGGER settled_stays BEFORE UPDATE OR DELETE ON commission_entry"
    " FOR EACH ROW WHEN (OLD.state = 'settled') EXECUTE FUNCTION stays()",
)


def guard(conn: Connection) -> None:
    """Make the triggers; safe to run again."""
    for statement in SQLITE if conn.dialect.name == "sqlite" else POSTGRES:
        conn.exec_driver_sql(statement)
