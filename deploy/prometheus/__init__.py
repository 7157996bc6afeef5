"""Prometheus's configuration, printed from the list of processes; alert rules with their tests."""
