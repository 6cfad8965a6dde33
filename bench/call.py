"""The one platform call a delivery leads to, as those who call it by hand make it: over httpx."""

import os

from bench.payload import LABEL, REPOSITORY

TOKEN = "sandbox-github-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.github+json"}
LABELS = {"labels": [LABEL]}


def address(number: int) -> str:
    """Where labels of issue *number* are added, at the GitHub that ``GITHUB_API_URL`` names."""
    return f"{os.environ['GITHUB_API_URL']}/repos/{REPOSITORY}/issues/{number}/labels"
