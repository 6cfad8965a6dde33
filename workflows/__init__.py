"""REMEMBER: order deeds, wait, hold durable state. One workflow a file."""
