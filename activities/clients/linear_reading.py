"""What we read on Linear of what people wrote, and who they are."""

from typing import Any

from activities.clients import linear_answers as answers
from activities.clients import linear_documents as documents
from activities.clients.linear_answers import read
from contexten.linear import CommentsOf, Remark, User


class LinearReading:
    """The part of our client that reads comments and people."""

    async def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def read_comments(self, of: CommentsOf) -> tuple[Remark, ...]:
        """The latest comments on an issue, oldest first, as far as they are wanted and bounded."""
        first = min(max(of.most, 1), 100)
        data = await self._ask(documents.ISSUE_COMMENTS, id=of.issue_id, first=first)
        return answers.latest(read(answers.remarks, data.get("thing")))

    async def read_comment(self, comment_id: str) -> Remark:
        """One comment as it stands."""
        data = await self._ask(documents.COMMENT, id=comment_id)
        return read(answers.remark, data.get("thing"))

    async def read_agent_activity(self, activity_id: str) -> str:
        """What was said in an agent session, by its id."""
        data = await self._ask(documents.AGENT_ACTIVITY_BY_ID, id=activity_id)
        return read(answers.id_of, data.get("thing"))

    async def read_user(self, user_id: str) -> User:
        """Who *user_id* is."""
        return read(answers.user, (await self._ask(documents.USER, id=user_id)).get("thing"))
