"""Documents printed from contracts, rules and topics. Nothing imports it but ``cli.docs``."""
