"""The processes and what they share: submit, claim, run, report. Knows the rows, not Flask."""
