"""Many workers in one thread, in an order and with a clock that a seed decides."""
