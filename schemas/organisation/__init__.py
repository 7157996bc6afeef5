"""The organisation: units and their periods, what is wrong with them, routes on a day. Pure.

``units``         a unit, its periods, its kinds            ``checks``      what is wrong, in one order
``organisation``  units on a day: route, schools, totals    ``importing``   what an import would change
``unit_files``    files of units                            ``province``    a province's folder
``register``      the register of releases up to 0.4.0      ``names``       letters that only look alike
"""
