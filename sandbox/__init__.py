"""PRETEND: local GitHub, Linear and Slack with faults on demand."""
