"""``contexten sandbox break`` and ``heal``: what goes wrong on the sandbox platforms."""

import httpx

from contexten.delivery import Platform
from starter.console.complaint import Complaint

ANSWER_S = 5.0


def broken(sandbox: str, platform: Platform, kind: str, **more: object) -> None:
    """
    From now on *kind* goes wrong on *platform* of the sandbox at the address *sandbox*.

    Args:
        more: What else the fault takes, such as ``rate``, ``count`` or ``status``.

    Raises:
        Complaint: If the sandbox does not answer, or knows no such fault.
    """
    fault = {"platform": platform, "kind": kind, **more}
    answer = asked(sandbox, "POST", json=fault)
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        reasons = "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in answer.json()["errors"])
        raise Complaint(f"The sandbox knows no such fault: {reasons}.", status=2)


def healed(sandbox: str, platform: Platform | None) -> int:
    """
    End the faults of *platform*, or all; how many there were.

    Raises:
        Complaint: If the sandbox does not answer.
    """
    params = {"platform": platform} if platform else {}
    answer = asked(sandbox, "DELETE", params=params)
    return int(answer.json()["healed"])


def asked(sandbox: str, method: str, **more: object) -> httpx.Response:
    """
    Ask the sandbox something about its faults.

    Raises:
        Complaint: If it does not answer.
    """
    try:
        with httpx.Client(timeout=ANSWER_S) as http:
            return http.request(method, f"{sandbox}/_faults", **more)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        raise Complaint(
            f"No sandbox answers at {sandbox} ({type(error).__name__}): start it with "
            "`contexten up --sandbox`."
        ) from None
