"""The part of Linear's GraphQL schema that the sandbox serves: its names and types are Linear's."""

from graphql import GraphQLSchema, build_schema

TEXT = """
type Query {
  viewer: User!
  user(id: String!): User!
  agentActivity(id: String!): AgentActivity!
  comment(id: String): Comment!
  issue(id: String!): Issue!
  searchIssues(term: String!, teamId: String, first: Int, after: String): IssueSearchPayload!
  teams(filter: TeamFilter, first: Int, after: String): TeamConnection!
  workflowStates(
    filter: WorkflowStateFilter, first: Int, after: String
  ): WorkflowStateConnection!
  webhook(id: String!): Webhook!
}

type Mutation {
  agentActivityCreate(input: AgentActivityCreateInput!): AgentActivityPayload!
  commentCreate(input: CommentCreateInput!): CommentPayload!
  commentDelete(id: String!): DeletePayload!
  issueCreate(input: IssueCreateInput!): IssuePayload!
  issueUpdate(id: String!, input: IssueUpdateInput!): IssuePayload!
  webhookCreate(input: WebhookCreateInput!): WebhookPayload!
}

type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String
  endCursor: String }

scalar DateTime

scalar JSONObject

enum PaginationOrderBy { createdAt updatedAt }

enum AgentActivitySignal { auth continue select stop }

type User { id: ID! name: String! active: Boolean! guest: Boolean! app: Boolean! }

type Comment { id: ID! body: String! url: String! issue: Issue user: User createdAt: DateTime! }

type CommentConnection { nodes: [Comment!]! pageInfo: PageInfo! }

type AgentActivity { id: ID! }

type AgentActivityPayload { agentActivity: AgentActivity! lastSyncId: Float! success: Boolean! }

input AgentActivityCreateInput { id: String agentSessionId: String! content: JSONObject!
  contextualMetadata: JSONObject ephemeral: Boolean signal: AgentActivitySignal
  signalMetadata: JSONObject }

type CommentPayload { comment: Comment! lastSyncId: Float! success: Boolean! }

type DeletePayload { entityId: String! lastSyncId: Float! success: Boolean! }

input CommentCreateInput { id: String issueId: String body: String parentId: String }

type Issue {
  id: ID!
  identifier: String!
  number: Float!
  title: String!
  description: String
  priority: Float!
  url: String!
  state: WorkflowState!
  team: Team!
  assignee: User
  parent: Issue
  labels(first: Int, after: String): IssueLabelConnection!
  comments(first: Int, after: String, orderBy: PaginationOrderBy): CommentConnection!
}

type IssueSearchResult { id: ID! identifier: String! title: String! description: String
  url: String! }

type IssueSearchPayload { nodes: [IssueSearchResult!]! pageInfo: PageInfo! totalCount: Float! }

type IssuePayload { issue: Issue lastSyncId: Float! success: Boolean! }

input IssueCreateInput { id: String teamId: String! title: String description: String
  priority: Int stateId: String assigneeId: String parentId: String labelIds: [String!] }

input IssueUpdateInput { title: String description: String priority: Int stateId: String
  assigneeId: String parentId: String labelIds: [String!] }

type IssueLabel { id: ID! name: String! }

type IssueLabelConnection { nodes: [IssueLabel!]! pageInfo: PageInfo! }

type Team { id: ID! key: String! name: String! }

type TeamConnection { nodes: [Team!]! pageInfo: PageInfo! }

type WorkflowState { id: ID! name: String! type: String! position: Float! team: Team! }

type WorkflowStateConnection { nodes: [WorkflowState!]! pageInfo: PageInfo! }

input IDComparator { eq: ID }

input StringComparator { eq: String }

input TeamFilter { id: IDComparator key: StringComparator }

input WorkflowStateFilter { name: StringComparator team: TeamFilter }

type Webhook { id: ID! label: String url: String enabled: Boolean! resourceTypes: [String!]!
  allPublicTeams: Boolean! team: Team }

type WebhookPayload { lastSyncId: Float! success: Boolean! webhook: Webhook! }

input WebhookCreateInput { id: String url: String! label: String resourceTypes: [String!]!
  teamId: String allPublicTeams: Boolean enabled: Boolean }
"""

SCHEMA: GraphQLSchema = build_schema(TEXT)
