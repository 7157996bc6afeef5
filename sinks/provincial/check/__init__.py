"""What a whole version shows, and its digest. Imports ``records``; ``load`` is unknown here."""
