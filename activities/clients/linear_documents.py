"""
What we ask Linear, one named GraphQL operation each.

Whatever is created, changed or looked up answers under the same names: ``thing`` is it,
``done`` says whether it was, ``page`` is one page of many.
"""

SHORT = "id identifier title url"

COMMENT_CREATE = """
mutation CommentCreate($input: CommentCreateInput!) {
  done: commentCreate(input: $input) { success thing: comment { id url } }
}
"""

COMMENT_BY_ID = """
query CommentById($id: String!) { thing: comment(id: $id) { id url } }
"""

ISSUE_CREATE = f"""
mutation IssueCreate($input: IssueCreateInput!) {{
  done: issueCreate(input: $input) {{ success thing: issue {{ {SHORT} }} }}
}}
"""

ISSUE_BY_ID = f"""
query IssueById($id: String!) {{ thing: issue(id: $id) {{ {SHORT} }} }}
"""

ISSUE_UPDATE = f"""
mutation IssueUpdate($id: String!, $input: IssueUpdateInput!) {{
  done: issueUpdate(id: $id, input: $input) {{ success thing: issue {{ {SHORT} }} }}
}}
"""

ISSUE = f"""
query Issue($id: String!) {{
  thing: issue(id: $id) {{
    {SHORT}
    description
    priority
    state {{ name type }}
    team {{ id key }}
    assignee {{ id }}
    labels(first: 100) {{ nodes {{ name }} }}
  }}
}}
"""

ISSUE_SEARCH = f"""
query IssueSearch($term: String!, $first: Int!) {{
  page: searchIssues(term: $term, first: $first) {{ nodes {{ {SHORT} }} }}
}}
"""

TEAMS = """
query Teams($filter: TeamFilter, $after: String) {
  page: teams(filter: $filter, first: 100, after: $after) {
    nodes { id key name }
    pageInfo { hasNextPage endCursor }
  }
}
"""

WORKFLOW_STATES = """
query WorkflowStates($filter: WorkflowStateFilter, $after: String) {
  page: workflowStates(filter: $filter, first: 100, after: $after) {
    nodes { id name type position team { id } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

WEBHOOK_CREATE = """
mutation WebhookCreate($input: WebhookCreateInput!) {
  done: webhookCreate(input: $input) { success thing: webhook { id url enabled } }
}
"""

WEBHOOK_BY_ID = """
query WebhookById($id: String!) { thing: webhook(id: $id) { id url enabled } }
"""

VIEWER = """
query Viewer { thing: viewer { id } }
"""

COMMENT_DELETE = """
mutation CommentDelete($id: String!) { done: commentDelete(id: $id) { success } }
"""

REMARK = "id body url user { id }"

ISSUE_COMMENTS = f"""
query IssueComments($id: String!, $first: Int!) {{
  thing: issue(id: $id) {{
    comments(first: $first, orderBy: createdAt) {{ nodes {{ {REMARK} createdAt }} }}
  }}
}}
"""

COMMENT = f"""
query Comment($id: String!) {{ thing: comment(id: $id) {{ {REMARK} }} }}
"""

USER = """
query User($id: String!) { thing: user(id: $id) { id name active guest app } }
"""

AGENT_ACTIVITY_CREATE = """
mutation AgentActivityCreate($input: AgentActivityCreateInput!) {
  done: agentActivityCreate(input: $input) { success thing: agentActivity { id } }
}
"""

AGENT_ACTIVITY_BY_ID = """
query AgentActivityById($id: String!) { thing: agentActivity(id: $id) { id } }
"""
