"""What users get for their own tests: the fixture, and the page that tells of it."""
