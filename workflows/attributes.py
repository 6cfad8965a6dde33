"""The search attributes of our workflows: what deliveries can be found by."""

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from contexten.delivery import Event

PLATFORM = SearchAttributeKey.for_keyword("Platform")
EVENT_TYPE = SearchAttributeKey.for_keyword("EventType")
REPOSITORY = SearchAttributeKey.for_keyword("Repository")
CONTEXT_KEY = SearchAttributeKey.for_keyword("ContextKey")
PRIORITY = SearchAttributeKey.for_int("Priority")
OUTCOME = SearchAttributeKey.for_keyword("Outcome")
ERROR_CATEGORY = SearchAttributeKey.for_keyword("ErrorCategory")
RULE_VERSION = SearchAttributeKey.for_int("RuleVersion")

ALL = (
    PLATFORM,
    EVENT_TYPE,
    REPOSITORY,
    CONTEXT_KEY,
    PRIORITY,
    OUTCOME,
    ERROR_CATEGORY,
    RULE_VERSION,
)


LONGEST = 170
"""Characters of a keyword: the engine takes 2048 bytes, and JSON may take 12 for one of them."""


def keyword(said: str) -> str:
    """*said* as the engine can keep it: cut if it is too long, and without null characters."""
    return said[:LONGEST].replace("\0", "\ufffd")


def of(event: Event) -> TypedSearchAttributes:
    """What a delivery can be found by from its start on."""
    pairs = [
        SearchAttributePair(PLATFORM, event.platform),
        SearchAttributePair(EVENT_TYPE, keyword(event.kind)),
    ]
    if event.repository:
        pairs.append(SearchAttributePair(REPOSITORY, keyword(event.repository)))
    if event.context:
        pairs.append(SearchAttributePair(CONTEXT_KEY, keyword(event.context)))
    return TypedSearchAttributes(pairs)
