"""Where Alembic is given the connection that `store` opened."""

from alembic import context

from pipelines.casework.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
