"""``taskrow dev``: web server and worker in one terminal, started again when the code changes."""
