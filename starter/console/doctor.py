"""``contexten doctor``: what is configured, what answers, what is missing and how to mend it."""

import re
import shutil

from contexten.delivery import Platform
from starter import attributes, client, engine
from starter.console import doctor_agents, platforms, running
from starter.console.finding import Finding, State
from starter.console.installation import answers
from starter.console.surroundings import SECRETS
from starter.settings import MIB, Settings
from workflows import registry

LITTLE = 1024 * MIB
INNERMOST = re.compile(r'message: "([^"]+)"')


async def examined(settings: Settings) -> list[Finding]:
    """Everything there is to find out about an installation with *settings*."""
    found = [of_reactions(settings), of_folder(settings)]
    if (at := running.read(settings.var)) and at.sandbox:
        said = f"it stands in for the platforms, at {at.sandbox}"
        found.append(Finding("sandbox", State.GOOD, said))
    for platform in Platform:
        found.append(of_secret(settings, platform))
        found.append(await of_calls(settings, platform))
    found += await of_engine(settings)
    found.append(await of_door(settings))
    found += await doctor_agents.examined(settings)
    return found


def of_reactions(settings: Settings) -> Finding:
    """Whether the reactions can be loaded."""
    names = ", ".join(settings.reactions)
    try:
        registry.load(settings.reactions)
    except registry.BrokenReactions as broken:
        return Finding(
            "reactions", State.WRONG, str(broken), "mend the module, or take it out of REACTIONS"
        )
    return Finding("reactions", State.GOOD, names)


def of_folder(settings: Settings) -> Finding:
    """Whether what we keep can be kept."""
    folder = settings.var.resolve()
    what, mend = f"folder {folder}", "make it writable, or set CONTEXTEN_VAR to another"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / "doctor"
        probe.write_bytes(b"written")
        probe.unlink()
    except OSError as error:
        return Finding(what, State.WRONG, f"cannot be written: {error.strerror}", mend)
    free = shutil.disk_usage(folder).free
    said = f"writable, {free // MIB} MiB free"
    if free < LITTLE:
        return Finding(
            what,
            State.WRONG,
            said,
            f"give it room: the spool may take {settings.spool_limit_bytes // MIB} MiB",
        )
    return Finding(what, State.GOOD, said)


def of_secret(settings: Settings, platform: Platform) -> Finding:
    """Whether deliveries of *platform* can be verified."""
    variable = SECRETS[platform]
    many = len(getattr(settings, variable.lower()))
    if not many:
        mend = (
            f"set {variable} to the secret of its webhook; without it, its deliveries are refused"
        )
        return Finding(f"{platform} webhook", State.MISSING, f"{variable} is not set", mend)
    return Finding(f"{platform} webhook", State.GOOD, f"{many} secret{'s' * (many > 1)}")


async def of_calls(settings: Settings, platform: Platform) -> Finding:
    """Whether *platform* lets us in."""
    probe = platforms.PROBES[platform]
    what = f"{platform} calls"
    if not probe.configured(settings):
        return Finding(
            what, State.MISSING, f"{probe.variables} is not set", f"set it to {probe.needs}"
        )
    try:
        said = await probe.ask(settings)
    except platforms.Unwell as unwell:
        return Finding(what, State.WRONG, str(unwell), unwell.mend)
    return Finding(what, State.GOOD, said)


async def of_engine(settings: Settings) -> list[Finding]:
    """Whether the engine answers and knows our search attributes."""
    at = running.read(settings.var)
    address = client.configured_address() or (at.engine if at else client.DEFAULT_ADDRESS)
    try:
        connected = await client.connect(settings, at=address)
        missing = await attributes.missing(connected)
    except Exception as error:  # noqa: BLE001 - whatever it is, the engine cannot be used
        mend = "start one with `contexten up`, or set TEMPORAL_ADDRESS to where it is"
        if client.configured_address():
            mend = "see that it runs, and that TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY are right"
        said = f"{address} does not answer: {innermost(error)}"
        return [Finding("engine", State.WRONG, said, mend), of_binary()]
    said = f"{address}, namespace {connected.namespace}"
    if missing:
        said += f", without {', '.join(missing)}"
        return [Finding("engine", State.MISSING, said, "they are made when a worker starts")]
    return [Finding("engine", State.GOOD, said)]


def innermost(error: Exception) -> str:
    """What *error* says, without the layers that the SDK wraps around it."""
    found = INNERMOST.search(str(error))
    return found[1] if found else str(error)[:200]


def of_binary() -> Finding:
    """Whether we could start an engine of our own."""
    try:
        return Finding("embedded engine", State.GOOD, engine.binary())
    except FileNotFoundError as error:
        mend = "set TEMPORAL_ADDRESS to an engine elsewhere"
        return Finding("embedded engine", State.MISSING, str(error), mend)


async def of_door(settings: Settings) -> Finding:
    """Whether the door answers."""
    at = running.read(settings.var)
    url = at.door if at else f"http://{settings.host}:{settings.port}"
    if await answers(f"{url}/readyz"):
        return Finding("door", State.GOOD, f"{url} takes deliveries")
    if await answers(f"{url}/healthz"):
        return Finding("door", State.WRONG, f"{url} is not ready", "`contexten status` says why")
    return Finding("door", State.MISSING, f"{url} does not answer", "start it with `contexten up`")
