"""The verdict on what vendors send. Pure: bytes in, bytes out; knows no Kafka client and no Faust.

``input_messages``  what came, sorted: chunks, removals, closings, dead letters
``shape``           bounds without which nothing can be carried on
``header``          may this vendor speak for this school, year and kind on this day
``records``         which records of a chunk are refused, and why
``judge``           the verdict: header and records together
``sent_on``         the bytes that say it
Imports schemas alone.
"""
