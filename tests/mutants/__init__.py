"""Flaws that are put into taskrow on purpose, and the harnesses that must notice them."""
