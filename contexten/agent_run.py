"""
Where an agent run stands, as a value: what it heard, said, used up and did.

    asks ──▶ inbox ──▶ said ──▶ a turn of the model ──▶ calls ──▶ said ──▶ …
             │ a key that is known is not heard twice        │
             └─ whoever is in it is answered at the end      └─ evidence: commit, pull, posts

It is small and plain, so that a run can go on in another history: texts are in the blob store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from contexten.agent import LONGEST_WORDS, Ask, Ending, Spent, Terms
from contexten.codebase import Checkout
from contexten.place import Place
from contexten.turns import LONGEST_BRIEF, Said, Turn

MOST_KEYS = 1_000
MOST_ASKS = 50
MOST_LATEST = 12
LONGEST_PLAN = 4_000
LONGEST_ENDING = 20_000
UNUSABLE_AT_MOST = 2
"""So many answers in a row that cannot be used end a run."""

AGENT = "agent/"


@dataclass(frozen=True, slots=True)
class Message:
    """
    What somebody says to a run.

    Attributes:
        words: What; untrusted.
        by: Who; None if nobody said.
        ask: The ask it came with; None if it came by hand.
    """

    words: str
    by: str | None = None
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request that the run opened: its number, and where a person finds it."""

    number: int
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a run waits for somebody to answer, and the answers it proposes."""

    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Latest:
    """One of the latest calls: the tool, what it was about, and whether it went well."""

    tool: str
    brief: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """
    How a run ended, and why or with what, in plain words.

    Attributes:
        ending: How.
        words: Why, or with what.
        lost: Whether its answer was posted and is not there, which is why it failed.
    """

    ending: Ending
    words: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """
    Attributes:
        trace: The id of its trace, a UUID; also what no text from outside can know.
        first: The ask it began with, without its words.
        began_at_s: When it was let begin, seconds since 1970, UTC; 0 until then.
        terms: On what terms it works; None until they were read.
        keys: The keys of the asks it has heard.
        inbox: What was said to it and the model has not been told.
        untold: The asks whose places have not yet heard of an end, without their words.
        transcript: The digest of all that the model was told and said.
        said: What it is to be told next.
        turns: How many turns it took.
        rounds: How often it came to an end and went on, as somebody had said something more.
        spent: What it used up.
        plan: What it wrote down that it will do.
        checkout: Its working copy; None if there is none.
        head: The last commit it pushed; None if it pushed none.
        pull: The pull request it opened; None if it opened none.
        posted: Where its comments can be seen.
        question: What it waits for; None if for nothing.
        latest: Its latest calls.
        unusable: Answers in a row that could not be used.
        doubted: Whether it was told that something is missing of what it says it did.
        trace_url: Where a person sees its trace; None if nowhere.
        model: Who answered last.
    """

    trace: str
    first: Ask
    began_at_s: float = 0.0
    terms: Terms | None = None
    keys: tuple[str, ...] = ()
    inbox: tuple[Message, ...] = ()
    untold: tuple[Ask, ...] = ()
    transcript: str | None = None
    said: tuple[Said, ...] = ()
    turns: int = 0
    rounds: int = 0
    spent: Spent = field(default_factory=Spent)
    plan: str = ""
    checkout: Checkout | None = None
    head: str | None = None
    pull: Pull | None = None
    posted: tuple[str, ...] = ()
    question: Question | None = None
    latest: tuple[Latest, ...] = ()
    unusable: int = 0
    doubted: bool = False
    trace_url: str | None = None
    model: str = ""

    @classmethod
    def of(cls, ask: Ask, trace: str) -> "Run":
        """One that begins with *ask*."""
        return cls(trace, silent(ask)).hear(Message(ask.words, ask.by, ask))

    def hear(self, message: Message) -> "Run":
        """Somebody says something; an ask whose key is known is not heard again."""
        ask = message.ask
        message = replace(message, words=message.words[:LONGEST_WORDS])
        if ask is None:
            return replace(self, inbox=(*self.inbox, message))
        if ask.key in self.keys:
            return self
        kept = silent(ask)
        return replace(
            self,
            keys=(*self.keys, ask.key)[-MOST_KEYS:],
            inbox=(*self.inbox, replace(message, ask=kept)),
            untold=(*self.untold, kept)[-MOST_ASKS:],
        )

    def read(self) -> tuple["Run", tuple[Message, ...]]:
        """All that was said to it, which is not in the inbox then."""
        return replace(self, inbox=()), self.inbox

    def turned(self, turn: Turn) -> "Run":
        """The model answered *turn*; whatever it was told is in the transcript."""
        return replace(
            self,
            transcript=turn.transcript,
            said=(),
            turns=self.turns + 1,
            spent=self.spent.and_model_call(turn.tokens, turn.usd),
            trace_url=turn.trace_url or self.trace_url,
            model=turn.model or self.model,
        )

    def and_heard(
        self, inbox: tuple[Message, ...], keys: tuple[str, ...], untold: tuple[Ask, ...]
    ) -> "Run":
        """With what was heard while it was busy with something else."""
        return replace(self, inbox=inbox, keys=keys, untold=untold)

    def told(self, *said: Said) -> "Run":
        """It will be told *said* as well."""
        return replace(self, said=(*self.said, *said))

    def called(self, tool: str, brief: str, *, ok: bool) -> "Run":
        """A tool was called."""
        one = Latest(tool[:LONGEST_BRIEF], brief[:LONGEST_BRIEF], ok)
        latest = (*self.latest, one)[-MOST_LATEST:]
        return replace(self, latest=latest, spent=self.spent.and_tool_calls(1))

    def planned(self, thoughts: str) -> "Run":
        """It wrote down what it will do."""
        return replace(self, plan=thoughts[:LONGEST_PLAN])

    def unusable_again(self) -> "Run":
        """Another answer could not be used."""
        return replace(self, unusable=self.unusable + 1)

    def on(self, checkout: Checkout) -> "Run":
        """It works on *checkout* from now on."""
        same = self.checkout is not None and self.checkout.branch == checkout.branch
        return replace(self, checkout=checkout, head=self.head if same else None)

    def exhausted(self) -> str | None:
        """Which part of its budget is used up, in plain words; None if none is."""
        return None if self.terms is None else self.spent.exhausted(self.terms.budget)

    def seconds_left(self, now_s: float) -> float | None:
        """How long it may still take; None as long as it was not let begin."""
        if self.terms is None:
            return None
        return max(0.0, self.began_at_s + self.terms.budget.wall_clock_s - now_s)

    def rounded(self, lost: tuple[Ask, ...] = ()) -> "Run":
        """
        It came to an end, which was told, and goes on for who asked meanwhile.

        Those whose answer was *lost* are told of the next end as well.
        """
        asks = tuple(one.ask for one in self.inbox if one.ask is not None)
        return replace(
            self, untold=(*lost, *asks), rounds=self.rounds + 1, doubted=False, unusable=0
        )

    @property
    def repository(self) -> str | None:
        """The repository it works on; None if it works on none."""
        named = [one.repository for one in (self.first, *self.untold) if one.repository]
        if named:
            return named[0]
        return self.terms.repository if self.terms else None

    def effects(self, what: str) -> str:
        """What *what* is called where its effects are told apart: the same in every attempt."""
        return f"agent {self.first.key} {what}"


def silent(ask: Ask) -> Ask:
    """*ask* without what was written: the model is told that once, from the inbox."""
    return replace(ask, words="", title=ask.title[:300], event=replace(ask.event, payload=None))


def places(asks: Sequence[Ask]) -> dict[Place, Ask]:
    """Where *asks* are answered, each place once, with the first ask from there."""
    found: dict[Place, Ask] = {}
    for one in asks:
        found.setdefault(one.place, one)
    return found


def run_of(context: str) -> str:
    """
    The workflow id of the run of *context*.

    >>> run_of("github/octo/hello#7")
    'agent/github/octo/hello#7'
    """
    return f"{AGENT}{context}"


def is_refused(terms: Terms, repository: str) -> bool:
    """Whether runs may not work on *repository*."""
    allowed = {one.casefold() for one in terms.repositories}
    return bool(allowed) and repository.casefold() not in allowed
