"""Runs that several machines work together, through one PostgreSQL database."""
