"""The deeds of the control queue, for tests that have a worker of their own."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from activities.clients.engine_health import EngineHealth
from activities.clients.queue_control import QueueControl
from activities.clients.waiting_calls import WaitingCallsClient
from activities.control import ControlActivities, HealthActivities
from activities.evidence import Evidence
from activities.health import Checkup, Registered, load
from activities.stores.attempts import Attempts
from activities.stores.database import Database
from activities.stores.health import Rounds
from activities.stores.incidents import Incidents
from activities.stores.limits import LimitsKept
from activities.stores.traffic import Calls


def control_deeds(client: Client, folder: Path | None = None) -> ControlActivities:
    """The real ones, at the engine of *client*; what they keep is in *folder*, or nowhere yet."""
    kept = Database(f"sqlite:///{folder or tempfile.gettempdir() + '/not-there'}/ledger.db")
    queues, waiting_calls = QueueControl(client), WaitingCallsClient(client)
    return ControlActivities(queues, waiting_calls, Attempts(kept), Incidents(kept))


def health_deeds(
    client: Client, folder: Path, own: Sequence[Registered] = (), kept: Database | None = None
) -> HealthActivities:
    """
    The real ones, with the checks we ship and one's *own*.

    Args:
        kept: Where the rounds are kept, if not in *folder* like everything else.
    """
    database = Database(f"sqlite:///{folder}/ledger.db")
    return HealthActivities(
        QueueControl(client),
        Checkup([*own, *load(["activities.health_checks"])]),
        Evidence(str(folder), Calls(database), EngineHealth(client), LimitsKept(database)),
        Rounds(kept or database, timedelta(days=1)),
    )
