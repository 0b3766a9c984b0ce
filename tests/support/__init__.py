"""Real servers and browsers that the tests run against."""
