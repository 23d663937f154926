"""Keeping what is there: backups and their return, media and databases on the move."""
