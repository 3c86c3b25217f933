"""The Responses API over runs."""
