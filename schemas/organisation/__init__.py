"""Who manages a school on a day, and so who confirms its data. Imports ``schemas.errors`` at most."""
