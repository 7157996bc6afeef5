"""The only writer of officers' commands: acts on datasets, grants, campaigns."""
