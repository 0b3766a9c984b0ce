"""What a task is: pure values and rules. No SQL, no Flask; the time comes in as a parameter."""
