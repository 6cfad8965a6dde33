"""Other people's services, each behind the Protocol its activities ask for."""
