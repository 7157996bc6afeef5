"""Kills servers and processes in the middle of a run."""
