"""Stream processors: Kafka in, Kafka out. They keep no database."""
