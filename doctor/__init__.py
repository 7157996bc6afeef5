"""What `csdl doctor` looks at: is all in agreement, or what is not, since when, and what to do.

``table`` lists the sections, ``section`` says what one is; every other module is one or a few sections. They
look and change nothing. Imports everything but ``demo`` and ``cli``.
"""
