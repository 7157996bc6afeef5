"""alembic's entry: runs the revisions over the connection that sinks.provincial.migrate hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
