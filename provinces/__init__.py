"""Provinces as data: one folder each, with the units above the schools, forms of school codes, the calendar.

Nothing in the code knows a province: ``schemas/organisation/province.py`` reads the folder that stands here.
"""
