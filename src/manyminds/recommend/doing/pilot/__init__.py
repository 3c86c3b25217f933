"""Finding out how a site is used: a planner says what is next, a policy does it, nothing writes."""
