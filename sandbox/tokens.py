"""What the sandbox accepts as proof of who calls. All of it is public and opens nothing else."""

GITHUB_TOKEN = "sandbox-github-token"  # noqa: S105 - no secret: it opens the sandbox alone
LINEAR_TOKEN = "sandbox-linear-token"  # noqa: S105 - no secret: it opens the sandbox alone
LINEAR_API_KEY = "lin_api_sandbox"  # no secret: it opens the sandbox alone
SLACK_TOKEN = "xoxb-sandbox"  # noqa: S105 - no secret: it opens the sandbox alone

MODEL_KEY = "sk-sandbox"  # no secret: it opens the sandbox alone

ACCEPTED: dict[str, str] = {
    "github": GITHUB_TOKEN,
    "linear": LINEAR_TOKEN,
    "slack": SLACK_TOKEN,
    "model": MODEL_KEY,
}
