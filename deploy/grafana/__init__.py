"""The dashboard, printed from the list of metrics."""
