"""The secrets that prove a delivery, as they are live now: they may change while we serve."""

from collections.abc import Callable

import structlog

from contexten.delivery import Platform
from starter.settings import Secrets, Settings, SettingsError

log = structlog.get_logger()

NOTHING_PROVES = (
    "no delivery could be proved to be genuine: set at least one of "
    "GITHUB_WEBHOOK_SECRET, LINEAR_WEBHOOK_SECRET and SLACK_SIGNING_SECRET"
)


class Keys:
    """The live secrets of each platform, read anew on demand."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            SettingsError: If *settings* hold no secret at all.
        """
        self._live = live(settings)

    def of(self, platform: Platform) -> tuple[bytes, ...]:
        """The secrets any of which may have signed a delivery of *platform*."""
        return self._live[platform]

    def read_anew(self, load: Callable[[], Settings]) -> None:
        """Take the secrets out of the settings as they are now; keep the old ones if those fail."""
        try:
            self._live = live(load())
        except SettingsError as error:
            log.error("keys.kept", reason=str(error))  # noqa: TRY400 - the message says it all
            return
        log.info("keys.read", **{p: len(secrets) for p, secrets in self._live.items()})


def live(settings: Settings) -> dict[Platform, tuple[bytes, ...]]:
    """
    The secrets in *settings*, as bytes; a platform may have none.

    Raises:
        SettingsError: If no platform has one: a door that can prove nothing takes nothing.
    """

    def plain(secrets: Secrets) -> tuple[bytes, ...]:
        return tuple(one.get_secret_value().encode() for one in secrets)

    found = {
        Platform.GITHUB: plain(settings.github_webhook_secret),
        Platform.LINEAR: plain(settings.linear_webhook_secret),
        Platform.SLACK: plain(settings.slack_signing_secret),
    }
    if not any(found.values()):
        raise SettingsError(NOTHING_PROVES)
    return found
