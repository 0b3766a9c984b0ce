"""The rows: tables, transitions and transactions, on real databases of both kinds."""
