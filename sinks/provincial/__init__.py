"""The provincial database: load, check and outbox, and the tables they share."""
