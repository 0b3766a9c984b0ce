"""A model of the tables in plain Python, and random lives in which the real ones must equal it."""
