"""ADMIT: verify, translate, start, signal, query, show."""
