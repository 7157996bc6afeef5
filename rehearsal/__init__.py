"""What would become of a push: `csdl preflight`, `csdl push --dry-run`, the gateway ask; nothing is sent.

``rehearse`` runs validation's verdict and load's decisions on the very messages, ``check`` the rules that
ask for a whole version. Imports ``producers``, ``streams``, ``sinks``, ``runtime`` and ``schemas``.
"""
