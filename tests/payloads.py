"""Payloads as files, each made into a delivery as its platform would send it now."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from conftest import FIELD_PAYLOADS, OWN_PAYLOADS
from doors import FORM, Headers, github, linear, slack


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload in a file: ``<platform>/<event>[.<action or number>].<json or form>``."""

    path: Path

    def __str__(self) -> str:
        return f"{self.platform}/{self.path.name}"

    @property
    def platform(self) -> str:
        return self.path.parent.name

    @property
    def event(self) -> str:
        """The event's name, as a header would say it."""
        return self.path.name.partition(".")[0]

    @property
    def form(self) -> bool:
        return self.path.suffix == ".form"

    def body(self) -> bytes:
        """The bytes to sign: the file's own, but that what Linear sends was sent just now."""
        data = self.path.read_bytes()
        if self.platform != "linear":
            return data
        return json.dumps(json.loads(data) | {"webhookTimestamp": int(time.time() * 1000)}).encode()

    def content(self) -> Any:
        """What it says, parsed."""
        if not self.form:
            return json.loads(self.path.read_bytes())
        fields = {name: values[0] for name, values in parse_qs(self.path.read_text()).items()}
        return json.loads(fields["payload"]) if "payload" in fields else fields

    def headers(self, body: bytes, key: str) -> Headers:
        """The headers under which *body* comes, signed with *key*."""
        delivery = self.path.stem
        if self.platform == "github":
            return github(body, delivery, self.event, key)
        if self.platform == "linear":
            return linear(body, delivery, key)
        return slack(body, key=key, kind=FORM if self.form else "application/json")


def found(folder: Path) -> list[Payload]:
    """The payloads in *folder*, by platform; none if it is not there."""
    return [
        Payload(path) for path in sorted(folder.glob("*/*")) if path.suffix in {".json", ".form"}
    ]


FROM_THE_FIELD = found(FIELD_PAYLOADS)
OUR_OWN = found(OWN_PAYLOADS)
