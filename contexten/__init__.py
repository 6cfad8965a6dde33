"""DECIDE: values in, values out. Standard library only; no clock, no dice, no I/O."""
