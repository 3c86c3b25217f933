"""Where a claim stands: passages that say it, copies of them, and passages that say otherwise."""
