"""``python -m cli``: the same as ``csdl``, wherever the script is."""

from cli.main import main

main()
