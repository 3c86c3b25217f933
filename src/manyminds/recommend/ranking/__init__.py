"""Rankers: each learns from a history and scores a catalogue for people of it."""
