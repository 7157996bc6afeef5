"""What a school gets back: the faults of its push by cell of its own file, and that file with them marked.

Pure but for the files that are handed in: bytes and findings in, bytes out. Imports ``producers`` and
``schemas`` alone. ``own`` says how our marks are known when the file comes again; readers ask it.
"""
