"""A study as one YAML file: read strictly, made by the services that the admin uses, written from any study.

The file is described in docs/study-file.md, which the tests read too.
"""
