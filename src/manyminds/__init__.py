"""Many minds, one answer you can check: panels of agents that settle disagreement with evidence."""
