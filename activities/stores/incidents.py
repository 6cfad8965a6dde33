"""The incidents: kept for good, since there are few and what is learnt from one stays true."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, desc, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.attempts import text
from activities.stores.database import Database, told
from activities.stores.schema import incidents
from contexten.incident import Incident, IncidentsWanted


class Incidents:
    """The table of incidents in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, incident: Incident) -> Incident:
        """
        Keep *incident*, merged with what is known of it; what is known then.

        Raises:
            TransientError: If the database refused, or is away.
        """
        incident = replace(incident, id=text(incident.id))
        with told(), self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            new = dialect.insert(incidents).values(kept(incident)).on_conflict_do_nothing()
            connection.execute(new)
            known = select(incidents.c.whole).where(incidents.c.id == incident.id)
            found: str = connection.execute(known.with_for_update()).scalar_one()
            whole = Incident.from_json(json.loads(found)).merged(incident)
            connection.execute(
                update(incidents).where(incidents.c.id == whole.id).values(kept(whole))
            )
        return whole

    def latest(self, wanted: IncidentsWanted) -> tuple[Incident, ...]:
        """
        The incidents that are *wanted*, the latest first.

        Raises:
            TransientError: If the database refused, or is away.
        """
        with self._database.reading() as connection:
            found = connection.execute(asked(wanted)).scalars().all()
        return tuple(Incident.from_json(json.loads(whole)) for whole in found)


def kept(incident: Incident) -> dict[str, Any]:
    """*incident* as its columns."""
    return {
        "id": incident.id,
        "platform": text(incident.platform),
        "kind": str(incident.kind),
        "opened_at": incident.opened_at,
        "recovered_at": incident.recovered_at,
        "whole": json.dumps(incident.as_json()),
    }


def asked(wanted: IncidentsWanted) -> Select[Any]:
    """The statement that finds what is *wanted*."""
    statement = select(incidents.c.whole)
    if wanted.id is not None:
        statement = statement.where(incidents.c.id == wanted.id)
    if wanted.platform is not None:
        statement = statement.where(incidents.c.platform == wanted.platform)
    if wanted.open_only:
        statement = statement.where(incidents.c.recovered_at.is_(None))
    return statement.order_by(desc(incidents.c.opened_at)).limit(wanted.most)
