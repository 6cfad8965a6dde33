"""MEASURE: side by side, each bench one command."""
