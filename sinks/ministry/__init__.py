"""The way to the Ministry and back: ``export`` sends what was forwarded, ``receipts`` takes answers in."""
