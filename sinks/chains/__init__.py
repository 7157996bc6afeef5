"""Reading a chain of events: what belongs to it is acted on, anything else is put aside and said.

``links`` says what an event is to its chain (pure), ``chains`` which chains there are, ``reader`` keeps where
each reader of one stands. Shared by projection and export; imports the machines' pure modules, no sink.
"""
