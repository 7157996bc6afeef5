"""Who manages a school on a day, and so who confirms its data."""
