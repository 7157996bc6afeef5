"""The access service: the only writer of people's commands, over HTTP.

``process`` runs it, ``app`` puts it together, ``door`` is what every request goes through (who is it, may
they, what becomes of it on record); then a module a door. ``desk`` sends commands and hears what became of
them. Unit and role are read from the account at each act. Imports ``access``, ``streams`` and below.
"""
