"""The organisation as data with dates."""
