"""What members can use. Each tool works alone, without a run, a model or a transcript."""
