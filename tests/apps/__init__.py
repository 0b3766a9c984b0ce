"""Small applications that the tests run for real: in a web process and in workers."""
