"""The demonstration: a made-up province from the vendors' files to the Ministry's receipts, on a real stack.

``cli.demo`` starts and ends it, ``play`` is all between. ``cast`` says who plays which part, ``director``
pushes what the stories need and writes their scripts; ``workshop`` makes the schools' files; ``sending`` is
the vendors, ``office`` the officers and ``staff`` their accounts, ``ledger`` what the pipeline said;
``letter`` is how the schools come to be connected, with ``papers`` that an ``authority`` lets them sign;
``accounts`` finds every record in files and tables; ``stories`` and ``report`` tell.

Imports everything but ``cli``.
"""
