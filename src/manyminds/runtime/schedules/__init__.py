"""Questions that are asked again and again, and digests of what is new in their answers."""
