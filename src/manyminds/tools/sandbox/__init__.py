"""Running model-written Python where it can harm nothing. No isolation means refusal."""
