"""The local stack: Kafka, PostgreSQL and every process of the pipeline on one machine, without Docker."""
