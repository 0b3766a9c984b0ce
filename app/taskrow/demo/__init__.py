"""The demo: the applications of the seed documents on one queue, and a story that tests itself."""
