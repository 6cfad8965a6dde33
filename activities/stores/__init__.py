"""Our own data, each store behind the Protocol its users ask for."""
