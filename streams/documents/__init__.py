"""Documents printed from the machines' tables."""
