"""What comes: accepted messages become pushes, complete pushes become rows and versions.

Imports ``records``; ``check`` is unknown here.
"""
