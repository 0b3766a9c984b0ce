"""Power loss: what real processes wrote is recorded, and cut at tens of thousands of points."""
