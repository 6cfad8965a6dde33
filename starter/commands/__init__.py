"""The commands of ``contexten`` by subject: each file has a Typer app that ``starter.cli`` adds."""
