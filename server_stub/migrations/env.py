"""What Alembic runs: always on the connection handed over by `server_stub.migrations.upgrade`."""

from __future__ import annotations

from alembic import context

from server_stub.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
