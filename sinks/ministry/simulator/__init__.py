"""A stand-in for the Ministry, for the demonstration and tests; shares only the topics with the others.

Nothing of production imports it.
"""
