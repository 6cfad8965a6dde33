"""Files and functions stay small; what is larger says why."""

from checkout import Function, functions, named, sources, sources_of_tests

FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 50
PARAMETERS = 6

LARGER_FILES = {
    "activities/boundary.py": "the way of an attempt in one piece, from admission to what follows",
    "workflows/agent.py": "one run: what it hears, obeys, answers and how it ends, side by side",
    "workflows/breaker.py": "one entity: what it does, hears, obeys and answers, side by side",
    "worker.py": "the wiring diagram: every queue, slot, client and store, in one place",
    "starter/settings.py": "one class, one place: every variable with its unit and bounds",
    "starter/spool.py": "the writer's path in one piece: append, group commit, next file",
    "contexten/tools.py": "every tool that an agent has, side by side",
    "activities/github.py": "an activity is named for its file: all deeds on GitHub, side by side",
    "contexten/linear.py": "every value that our Linear calls take and give, side by side",
    "contexten/github.py": "every value that our GitHub calls take and give, side by side",
}
LARGER_FUNCTIONS = {
    "starter/app.py:create": "FastAPI takes its routes as inner functions, each a few lines",
}
WIDER_FUNCTIONS = {
    "activities/boundary.py:_note": "a row of the ledger has many columns",
    "contexten/reading.py:slack_event": "Slack says the same thing in five shapes of body",
    "starter/commands/history.py:failures": "one parameter for each option one can type",
    "starter/door.py:__init__": "everything the door leans on, given to it once",
}


def larger_files() -> dict[str, int]:
    """The files that are past their limit, with their lines."""
    limits = [(path, FILE_LINES) for path in sources()]
    limits += [(path, TEST_FILE_LINES) for path in sources_of_tests()]
    counted = [(path, limit, len(path.read_text().splitlines())) for path, limit in limits]
    return {named(path): lines for path, limit, lines in counted if lines > limit}


def lines_of(function: Function) -> int:
    """How many lines *function* takes, its decorators apart."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def larger_functions() -> dict[str, int]:
    """The functions that are past the limit, with their lines."""
    return {
        f"{named(path)}:{function.name}": lines_of(function)
        for path in [*sources(), *sources_of_tests()]
        for function in functions(path)
        if lines_of(function) > FUNCTION_LINES
    }


def test_a_large_file_has_a_reason() -> None:
    assert {f: n for f, n in larger_files().items() if f not in LARGER_FILES} == {}


def test_a_large_function_has_a_reason() -> None:
    assert {f: n for f, n in larger_functions().items() if f not in LARGER_FUNCTIONS} == {}


def test_no_reason_outlives_what_it_excused() -> None:
    assert set(LARGER_FILES) - set(larger_files()) == set()
    assert set(LARGER_FUNCTIONS) - set(larger_functions()) == set()
    assert set(WIDER_FUNCTIONS) - set(wider_functions()) == set()


def test_most_files_are_well_below_the_limit() -> None:
    lines = sorted(len(path.read_text().splitlines()) for path in sources())

    assert lines[len(lines) // 2] <= FILE_LINES // 2


def wider_functions() -> dict[str, int]:
    """The functions that take more than they should, with how many parameters."""
    counted = {
        f"{named(path)}:{f.name}": len([*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs])
        - (f.args.args[:1] != [] and f.args.args[0].arg in {"self", "cls"})
        for path in sources("contexten", "activities", "workflows", "starter")
        for f in functions(path)
    }
    return {name: many for name, many in counted.items() if many > PARAMETERS}


def test_a_function_of_many_parameters_has_a_reason() -> None:
    assert {f: n for f, n in wider_functions().items() if f not in WIDER_FUNCTIONS} == {}
