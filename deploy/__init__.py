"""How the pipeline is run: on one machine without Docker (`local`), and as data for real servers."""
