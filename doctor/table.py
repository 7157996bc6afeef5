"""The sections of `csdl doctor`, in the order in which they are looked at. A new one is a line here."""

from typing import Final

from doctor import basics
from doctor.section import Section

SECTIONS: Final = (
    Section("register", basics.register),
    Section("kafka", basics.broker),
    Section("topics", basics.topics, ("kafka",)),
    Section("clock", basics.clocks, ("topics",)),
    Section("postgres", basics.database),
    Section("tables", basics.tables, ("postgres",)),
    Section("identity", basics.identity, ("tables",)),
)
