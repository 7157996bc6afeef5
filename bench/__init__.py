"""Side by side on the same records and cores: ours to stored and to checked, bare COPY + merge, a rival, the
documented way; and what people wait for."""
