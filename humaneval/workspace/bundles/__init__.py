"""Bundles: one archive with all that a report rests on, from which it is built again to the same numbers.

``layout`` names the files and their columns, ``archive`` writes and opens the archive and trusts nothing in
it, ``packing`` fills one from the database, ``unpacking`` makes a report's material of one, and
``rebuilding`` builds the report again and says where it differs.
"""
