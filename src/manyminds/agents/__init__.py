"""Members at work: models, prompts, the member's loop. Knows no strategy."""
