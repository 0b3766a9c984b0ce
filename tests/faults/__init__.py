"""Every promise broken on purpose: harnesses that stop, cut, fill and flip, and what must hold."""
