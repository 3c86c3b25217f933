"""Plain values and protocols. No I/O, no clock, no chance, no model."""
