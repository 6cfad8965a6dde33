"""``contexten codec``: the codec endpoint for the Web UI, on the operator's own machine."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def codec(
    origin: Annotated[
        str, typer.Option(help="where the Web UI is, such as https://temporal.example.com")
    ] = "http://127.0.0.1:8233",
    port: Annotated[int, typer.Option(help="port on loopback", min=0, max=65535)] = 8088,
) -> None:
    """Let the Web UI in the browser of this machine read encrypted payloads."""
    from starter.console.codec import serve
    from starter.settings import load

    serve(load(), origin=origin, port=port)
