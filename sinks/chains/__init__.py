"""Reading a chain of events: what belongs to it is acted on, anything else is put aside and said.

``links`` says what an event is to its chain (pure), ``chains`` which chains there are, ``reader`` keeps where
each reader of one stands, ``faults`` what was put aside. Shared by projection and export; imports
``sinks.postgres`` and the machines' pure modules, no other sink.
"""
