"""
WIRE: which queue is served by what, with how many slots and which clients.

    python worker.py                        every queue
    python worker.py --queues github,slack  a bulkhead of its own

A deliveries worker also feeds the engine from the spool, so that starts are eager.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import structlog
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from activities.clients.github import GithubClient
from activities.clients.linear import LinearClient
from activities.clients.slack import SlackClient
from activities.github import GithubActivities
from activities.linear import LinearActivities
from activities.slack import SlackActivities
from contexten.queues import Queue
from starter import attributes, client, schedules
from starter.feeder import Feeder
from starter.settings import Durability, Settings, SettingsError, load
from starter.spool import Spool
from starter.start import start
from workflows import registry
from workflows.delivery import DeliveryWorkflow
from workflows.sweep import SweepWorkflow

log = structlog.get_logger()

LONGEST_PAUSE_S = 2.0
NOT_YET = frozenset({Queue.AGENTS, Queue.MODEL, Queue.TOOLS})


def of_deliveries(connected: Client, settings: Settings) -> Worker:
    """Delivery workflows alone: nothing here waits on a platform."""
    return Worker(
        connected,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_tasks=settings.slots(Queue.DELIVERIES),
        graceful_shutdown_timeout=grace(settings),
    )


def of_control(connected: Client, settings: Settings) -> Worker:
    """Rounds: what is done on a schedule."""
    return Worker(
        connected,
        task_queue=Queue.CONTROL,
        workflows=[SweepWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=grace(settings),
    )


def of_platform(
    connected: Client, settings: Settings, queue: Queue, activities: Sequence[Callable[..., object]]
) -> Worker:
    """One platform's calls. Those that block get a thread a slot."""
    slots = settings.slots(queue)
    return Worker(
        connected,
        task_queue=queue,
        activities=activities,
        activity_executor=ThreadPoolExecutor(slots, thread_name_prefix=queue),
        max_concurrent_activities=slots,
        graceful_shutdown_timeout=grace(settings),
    )


def grace(settings: Settings) -> timedelta:
    """How long work under way may take to end after we were told to stop."""
    return timedelta(seconds=settings.shutdown_timeout_s * 0.8)


async def worker_of(
    queue: Queue, connected: Client, settings: Settings, stack: AsyncExitStack
) -> Worker:
    """The worker of *queue*, with its client, which *stack* closes."""
    match queue:
        case Queue.DELIVERIES:
            return of_deliveries(connected, settings)
        case Queue.CONTROL:
            return of_control(connected, settings)
        case Queue.GITHUB:
            github = GithubActivities(GithubClient(settings))
            return of_platform(connected, settings, queue, github.all())
        case Queue.LINEAR:
            linear = LinearClient(settings)
            stack.push_async_callback(linear.close)
            return of_platform(connected, settings, queue, LinearActivities(linear).all())
        case Queue.SLACK:
            slack = SlackClient(settings)
            stack.push_async_callback(slack.close)
            return of_platform(connected, settings, queue, SlackActivities(slack).all())
        case _:
            raise ValueError(f"nothing is registered on {queue}")
