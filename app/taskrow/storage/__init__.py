"""The rows: tables, transactions and statements. Plain functions that take a connection."""
