"""The one place that opens the provincial database."""

import psycopg2
from psycopg2.extensions import connection

from runtime.settings import Settings


def connect(settings: Settings, application_name: str = "csdl") -> connection:
    """New connection, autocommit off. Raises psycopg2.OperationalError if the server is away."""
    return psycopg2.connect(
        settings.database,
        application_name=application_name,
        connect_timeout=10,
    )
