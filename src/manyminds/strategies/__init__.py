"""Ways to spend compute on a task. Each touches the world through its `Run` only."""
