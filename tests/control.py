"""The deeds of the control queue, for tests that have a worker of their own."""

import tempfile
from pathlib import Path

from temporalio.client import Client

from activities.clients.queue_control import QueueControl
from activities.clients.waiting_calls import WaitingCallsClient
from activities.control import ControlActivities
from activities.stores.attempts import Attempts
from activities.stores.database import Database
from activities.stores.incidents import Incidents


def control_deeds(client: Client, folder: Path | None = None) -> ControlActivities:
    """The real ones, at the engine of *client*; what they keep is in *folder*, or nowhere yet."""
    kept = Database(f"sqlite:///{folder or tempfile.gettempdir() + '/not-there'}/ledger.db")
    queues, waiting_calls = QueueControl(client), WaitingCallsClient(client)
    return ControlActivities(queues, waiting_calls, Attempts(kept), Incidents(kept))
