"""Validation: every chunk a vendor sends gets a verdict before anything else sees it (Faust)."""
