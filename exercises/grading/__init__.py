"""Setting and grading the exercises: `make assignments` and `make grade`."""
