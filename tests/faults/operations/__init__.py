"""Each I/O operation of a whole life fails once: kills, errors, full disks, half writes."""
