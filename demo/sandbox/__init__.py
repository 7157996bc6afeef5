"""The sandbox: a stack of one made-up school, for a vendor's technician to try the doors with a test key.

``life`` starts and ends it, ``school`` makes the school's accounts, grant, campaigns and credentials,
``samples`` the files to push, ``acts`` plays the officers to the Ministry's answer. Its vendor is made up,
and its folder holds nothing but it: no other stack is touched. Imports everything but ``cli``.
"""
