"""Wiring: settings, endpoints, the embedded model, and the runs that strategies play on."""
