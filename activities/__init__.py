"""ACT: touch the world, one deed each, safe to repeat."""
