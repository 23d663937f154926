"""Votes that were gathered elsewhere: read, mapped to our words, and reported on like a study's own.

``sources`` reads files into rows that know their line, ``presets`` know the exports of other tools,
``mapping`` says which column is what, ``answers`` turns cells into canonical values, ``collecting`` makes
votes of rows and says what is wrong with the others, ``assembling`` makes a report's material of votes.
"""
