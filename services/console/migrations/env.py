"""Alembic's entry: runs this service's migrations on the connection that it is handed."""

from alembic import context

from services.console.tables import metadata

connection = context.config.attributes["connection"]
# Batch mode, because SQLite cannot alter a table in place.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
