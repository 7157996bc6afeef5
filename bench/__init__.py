"""Side by side on the same records and cores: ours end to end, bare COPY + merge, the documented way."""
