"""The sections of `csdl doctor`, in the order in which they are looked at. A new one is a line here."""

from typing import Final

from doctor import (
    basics,
    chains,
    checkpoints,
    exports,
    feed,
    instances,
    outbox,
    positions,
    restored,
    secrets,
    settings,
    surroundings,
    transactions,
    years,
)
from doctor.section import Section

SECTIONS: Final = (
    Section("settings", settings.section),
    Section("disk", surroundings.disk),
    Section("secrets", secrets.section),
    Section("kafka", basics.broker),
    Section("brokers", positions.brokers, ("kafka",)),
    Section("topics", basics.topics, ("kafka",)),
    Section("kafka-rights", basics.kafka_rights_in_force, ("kafka",)),
    Section("clock", basics.clocks, ("topics",)),
    Section("organisation", basics.organisation, ("topics",)),
    Section("postgres", basics.database),
    Section("pg-settings", basics.database_settings_in_force, ("postgres",)),
    Section("pg-room", basics.room, ("postgres",)),
    Section("pg-standby", basics.database_standbys, ("postgres",)),
    Section("pg-clock", surroundings.database_clock, ("postgres",)),
    Section("tables", basics.tables, ("postgres",)),
    Section("pg-rights", basics.rights, ("tables",)),
    Section("transactions", transactions.section, ("topics",)),
    Section("positions", positions.section, ("topics", "tables")),
    Section("instances", instances.section, ("postgres",)),
    Section("identity", basics.identity, ("tables",)),
    Section("chains", chains.chains, ("topics", "tables")),
    Section("checkpoints", checkpoints.section),
    Section("exports", exports.section, ("tables",)),
    Section("outbox", outbox.section, ("tables",)),
    Section("feed", feed.section, ("tables",)),
    Section("restored", restored.section, ("tables",)),
    Section("years", years.section, ("tables",)),
)
