"""Documents printed from contracts, rules and topics. Imports them all; only ``cli.docs`` imports it."""
