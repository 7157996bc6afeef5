"""What somebody with a valid login, a stolen credential or none may try, on one closed stack that runs.

``closed_stack`` is that stack, with one context manager a place that refuses: it asserts that what happens
within it is refused, written down there, and counted by as many as were tried, by a number that the dashboard
shows. ``people``, ``commands``, ``broker``, ``database``, ``grants``, ``keys``, ``kafka_users`` are the
attacks, by where and with what they are tried, on ``schools``; ``test_attacks`` tries each.
``test_rewritten_log`` is what an insider does to the log, ``test_flood`` what a vendor does that floods.
"""
