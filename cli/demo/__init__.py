"""The demonstration: a made-up province from the vendors' files to the Ministry's receipts, on a real stack.

``command`` starts and ends it · ``cast`` who plays which part · ``director`` the stories' pushes and scripts ·
``sending`` the vendors · ``office`` the officers · ``ledger`` what the pipeline said · ``accounts`` what became
of every record, by the files and the tables · ``stories`` expected and seen · ``report`` and ``screen``.
"""
