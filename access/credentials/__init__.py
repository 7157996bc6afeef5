"""What a vendor proves itself by: named API keys and Kafka users of a grant, a secret each.

``worth`` says what one is worth at a moment, ``rotation`` what becomes of a line of them; both are pure.
``store`` and ``links`` keep them, ``proof`` is the door that every push goes through, ``process`` brings
Kafka to what the table says. ``standing`` alone asks whether the grant is in force.
"""
