"""Validation: all that a vendor sends gets a verdict before anything else sees it.

``verdict/``     pure: what is accepted, refused or put aside
``faust/``       the Faust app, its consumer mended, batching, the watchdog
``batch_judge``  from messages to what is sent for them
``in_flight``    what the process has in hand, so that one poisonous message cannot stop it
``process``      puts them together
Imports schemas, runtime and, for the grants' states, their machine.
"""
