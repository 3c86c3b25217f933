"""Reading runs of any system: each module knows one format, and says whether a text is in it."""
