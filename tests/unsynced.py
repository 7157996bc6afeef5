"""The tests' PostgreSQL does not write to the disk at each commit (``conftest``): that is asked of no process
that runs at it, and of no doctor; everything else is.

``python -m tests.unsynced run load`` is ``csdl run load`` so.
"""

from runtime import database_settings

CHECKED = tuple(setting for setting in database_settings.CHECKED if setting.name != "fsync")

if __name__ == "__main__":
    from cli.main import main

    database_settings.CHECKED = CHECKED  # type: ignore[misc]
    main()
