"""Processes of neighbouring versions of taskrow on one database."""
