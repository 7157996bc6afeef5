"""The vendors' side: read their files, map their codes, check, send."""
