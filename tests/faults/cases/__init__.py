"""The faults, by kind: one module each."""
