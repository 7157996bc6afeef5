"""What every state machine shares: its declaration, the transactional processor, chain, client, caches.

Imports no machine.
"""
