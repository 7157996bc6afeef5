"""``python -m cli``: the same as ``csdl``, wherever the script is."""

from cli.main import main

if __name__ == "__main__":  # not where another process of ours imports it
    main()
