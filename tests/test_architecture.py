"""Rules of the code: which part imports which, where errors are made, how long files are."""

import ast
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from emulator import errors, operations
from emulator.errors import forms
from emulator.model.service import operations as service_operations
from emulator.operations.registry import registered

ROOT = Path(__file__).parents[1]
LEAVES = {
    "caching",
    "clock",
    "errors",
    "escaping",
    "limits",
    "log_limits",
    "log_output",
    "processes",
    "regions",
    "settings",
    "shared_memory",
    "slices",
    "version",
    "wording",
}
MAY_IMPORT = {
    "cli": {"app", "commands", "controls", "database", "flags", "event_sources", "http", "outbound", "storage"},
    "commands": {
        "advisor",
        "client",
        "configuring",
        "controls",
        "database",
        "display",
        "flags",
        "formats",
        "storage",
        "replaying",
        "shell",
        "transfer",
    },
    "advisor": {"database", "expressions", "partiql", "values"},
    "client": set(),
    "configuring": set(),
    "display": set(),
    "replaying": {"client"},
    "shell": {"client", "display", "partiql"},
    "transfer": {"app", "client", "formats"},
    "formats": set(),
    "snippets": {"formats"},
    "objects": set(),
    "s3_jobs": {"database", "expressions", "formats", "objects", "operations", "values", "storage"},
    "flags": {"commands", "config_file", "dynamodb_local", "setting_sources"},
    "dynamodb_local": {"setting_sources"},
    "config_file": {"setting_sources"},
    "setting_sources": set(),
    "__main__": {"cli"},
    "installed": {"cli", "http"},
    "http": {
        "advisor",
        "app",
        "controls",
        "database",
        "event_sources",
        "flags",
        "formats",
        "outbound",
        "rounds",
        "snippets",
        "storage",
        "transfer",
    },
    "outbound": {"app", "kinesis", "event_sources", "database", "rounds", "s3_jobs", "storage"},
    "rounds": set(),
    "kinesis": {"database", "storage"},
    "faults": {"database", "expressions", "model", "partiql", "values"},
    "controls": {"advisor", "database", "event_sources", "explaining", "faults", "operations", "values", "storage"},
    "explaining": {"database", "display", "expressions", "partiql", "values", "storage"},
    "beginnings": {"database"},
    "calls": {"database", "faults"},
    "app": {
        "auto_scaling",
        "beginnings",
        "calls",
        "controls",
        "operations",
        "event_sources",
        "database",
        "faults",
        "model",
        "storage",
    },
    "auto_scaling": {"database"},
    "event_sources": {"database", "model", "values", "storage"},
    "operations": {"partiql", "policies", "database", "expressions", "model", "values", "storage"},
    "partiql": {"database", "expressions", "values", "storage"},
    "policies": set(),
    "model": {"values"},
    "database": {"expressions", "values", "storage"},
    "expressions": {"values"},
    "values": set(),
    "caching": set(),
    "errors": set(),
    "escaping": set(),
    "limits": set(),
    "regions": set(),
    "log_limits": set(),
    "log_output": set(),
    "processes": set(),
    "settings": set(),
    "clock": set(),
    "shared_memory": set(),
    "slices": set(),
    "wording": set(),
    "version": set(),
    "storage": set(),
}
"""Each part of the program, and the parts it may import in addition to itself and the leaves."""

FLOORS = {
    "emulator/database": (
        {"store"},
        {"views"},
        {"definitions"},
        {"throughput"},
        {"schema"},
        {"items"},
        {"changes", "vectors", "lagging"},
        {"catalog"},
        {"s3_jobs", "entrances"},
        {"database"},
        {"tokens"},
        {"transactions"},
        {"jobs"},
        {"history"},
        {"events", "snapshots"},
        {"soundness"},
    ),
    "emulator/http": (
        {"front"},
        {"observing", "control_calls"},
        {"peers"},
        {"site", "memory", "upkeep", "listen", "descriptors", "memory_folder", "parent"},
        {"announcement"},
        {"lifespan", "initial"},
        {"application"},
        {"server"},
        {"workers"},
    ),
    "emulator/http/front": (
        {"auth", "bodies", "encoding", "failures", "origins", "outbox", "collector_pause", "states"},
        {"answers", "reading"},
        {"other_services", "requests", "sliced_answers", "commits"},
        {"sts"},
        {"dynamodb"},
        {"observed", "held_answers"},
        {"front"},
        {"asgi", "cycle"},
        {"flow_control"},
        {"connection"},
    ),
    "emulator/http/site": (
        {"metrics", "responses", "page_guard", "observed"},
        {"controls", "lambda_api", "localstack", "other_paths"},
        {"console"},
        {"app"},
    ),
    "emulator/http/site/console": (
        {"attributes", "described", "entities", "forms", "reading", "tenancy", "tokens"},
        {"querying", "static_files", "typed_fields"},
        {"rendering", "events"},
        {"visit"},
        {"lookups"},
        {"registry"},
        {"pages"},
        {"application"},
    ),
    "emulator/controls": (
        {"body"},
        {"registry"},
        {"waits"},
        {
            "accounts",
            "advice",
            "clock",
            "cloudwatch",
            "copy",
            "consumption",
            "counters",
            "declarations",
            "faults",
            "explain",
            "functions",
            "health",
            "insights",
            "requests",
            "reset",
            "settings",
            "snapshots",
            "wait",
        },
        {"backfill", "consistency", "replication", "throttles", "ttl"},
    ),
    "emulator/advisor": (
        {"recent"},
        {"tables", "conditions"},
        {"calls"},
        {"statements", "origins", "tally", "units"},
        {"pages"},
        {"reading", "permissions", "rule"},
        {"rules", "reports"},
        {"registry"},
        {"advisor"},
    ),
    "emulator/controls/waits": (
        {"condition"},
        {"counts", "deliveries", "items"},
        {"records"},
        {"statuses"},
        {"kinds"},
    ),
    "emulator/faults": ({"effects", "rule_store"}, {"rules"}, {"touching", "refusals"}, {"plans"}, {"faults"}),
    "emulator/outbound": (
        {"function_check", "function_process", "function_url", "kinesis", "s3_jobs"},
        {"invoker"},
        {"deliveries"},
    ),
    "emulator/s3_jobs": (
        {"work", "local_log", "reading"},
        {"storing"},
        {"importing", "outputs"},
        {"putting", "exporting"},
        {"runner"},
    ),
    "emulator/objects": ({"store"}, {"folder", "s3"}, {"opening"}),
    "storage": ({"errors"}, {"engine", "keycode"}, {"host"}, {"memory", "disk"}, {"data_folder"}),
    "storage/disk": (
        {"handles", "file_system", "sizes", "buckets", "residency", "verification"},
        {"lmdb_errors", "folder", "files"},
        {"identity"},
        {"claim", "room"},
        {"environment"},
        {"upkeep", "transactions", "sharing"},
        {"group", "snapshot"},
        {"engine"},
    ),
}
"""The folders and files of a package in their order: each imports only from those before it."""

ONLY_STANDARD_LIBRARY = LEAVES
ASYNC_PARTS = {"http", "installed", "outbound", "rounds"}


def sources():
    for folder in ("emulator", "storage"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def part_of(module: str) -> str:
    """Return the part to which a module belongs: a folder or file of emulator/, or storage."""
    names = module.split(".")
    if names[0] == "storage":
        return "storage"
    return names[1] if len(names) > 1 else "emulator"


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "emulator":
            found.update(f"emulator.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if part == "__init__":
        assert imported(path) == set()
        return
    ours = {part_of(module) for module in imported(path) if module.split(".")[0] in ("emulator", "storage")}
    leaves = set() if part == "storage" else LEAVES
    assert ours <= MAY_IMPORT[part] | leaves | {part}


def imported_files(path: Path) -> set[Path]:
    """Return the files of this project that a file imports.

    Imports inside functions, and imports only for types, count too.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            place = ROOT.joinpath(*module.split("."))
            found.update(each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file())
    return found


def circle(graph: dict, names) -> list | None:
    """Return the nodes of a circle in a graph, or None if the graph has no circle."""
    done, open_ = set(), []

    def visit(node):
        if node in open_:
            return open_[open_.index(node) :]
        if node in done:
            return None
        open_.append(node)
        for following in sorted(graph.get(node, ())):
            if found := visit(following):
                return found
        done.add(open_.pop())
        return None

    return next((found for name in sorted(names) if (found := visit(name))), None)


def test_no_files_import_each_other_in_a_circle():
    """Imports that are only for types count too: a reader must understand these files together."""
    graph = {path: {each for each in imported_files(path) if each.name != "__init__.py"} for path in sources()}
    found = circle(graph, graph)
    assert found is None, [str(path.relative_to(ROOT)) for path in found]


def test_a_circle_is_found():
    assert circle({1: {2}, 2: {3}, 3: {2}}, [1, 2, 3]) == [2, 3]
    assert circle({1: {2, 3}, 2: {3}}, [1, 2, 3]) is None


def name_in(path: Path, package: str) -> str | None:
    """Return the name of the folder or module, directly in a package, to which a file belongs.

    Return None for a file outside the package, and for the package's own `__init__.py`.
    """
    place = path.relative_to(ROOT)
    if not place.is_relative_to(package) or place == Path(package) / "__init__.py":
        return None
    return place.relative_to(package).parts[0].removesuffix(".py")


@pytest.mark.parametrize("package", FLOORS)
def test_what_is_in_a_package_imports_only_what_is_on_lower_floors(package):
    floors = {name: floor for floor, names in enumerate(FLOORS[package]) for name in names}
    names = {name_in(path, package) for path in (ROOT / package).rglob("*.py")} - {None}
    assert names - floors.keys() == set(), f"give each of these a place in FLOORS[{package!r}]"
    assert floors.keys() - names == set(), f"these no longer exist: remove them from FLOORS[{package!r}]"
    wrong = []
    for path in (ROOT / package).rglob("*.py"):
        name = name_in(path, package)
        if name is None:  # an __init__.py may import everything in its package
            continue
        below = {name_in(each, package) for each in imported_files(path)} - {name, None}
        wrong += [f"{path.relative_to(ROOT)} imports {other}" for other in below if floors[other] >= floors[name]]
    assert wrong == []


DOORS = {"storage", "storage.data_folder", "storage.errors", "storage.host", "storage.keycode"}
"""The modules of storage/ that other code may import. The other modules belong to engines."""

ABOVE_STORAGE = [path for path in sources() if path.is_relative_to(ROOT / "emulator")]


def storage_imports(tree):
    """Return the modules of storage/ that a source imports, as `import x` or `from x import y`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update([node.module, *(name for name in names if is_module(name))])
    return {module for module in found if module.split(".")[0] == "storage"}


def is_module(name):
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


@pytest.mark.parametrize("path", ABOVE_STORAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_other_code_imports_only_the_public_modules_of_the_store(path):
    text = path.read_text()
    assert storage_imports(ast.parse(text)) <= DOORS
    assert "lmdb" not in text.lower(), "these are internals of an engine"


@pytest.mark.parametrize(
    "code",
    [
        "import storage.disk.engine",
        "from storage.disk.claim import claimed",
        "from storage import disk",
        "from storage import memory",
        "def f():\n    from storage.disk import snapshot",
    ],
)
def test_an_import_of_internals_of_the_store_is_found(code):
    assert not storage_imports(ast.parse(code)) <= DOORS


def test_every_public_module_of_the_store_exists():
    assert all(is_module(door) for door in DOORS)


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_outer_parts_are_asynchronous(path):
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    nodes = {type(node) for node in ast.walk(ast.parse(path.read_text()))}
    assert part in ASYNC_PARTS or not nodes & {ast.AsyncFunctionDef, ast.Await}
    assert part in ASYNC_PARTS or not imported(path) & {"asyncio", "threading", "socket"}


MAY_REFRESH = {
    "emulator/database/entrances.py": {"is_stale", "refresh"},
    "emulator/database/database.py": {"is_stale", "refresh"},  # it has the entrance `respond`
    "emulator/http/front/commits.py": {"recover"},
}
"""The files that check whether definitions are stale, and reload them."""


def refreshes(tree) -> set[str]:
    """Return the methods with which a file reloads definitions or checks whether they are stale."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names & {"is_stale", "refresh", "recover"}


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_entrances_refresh_definitions(path):
    """Code outside the database uses its entrances, because it could forget to refresh."""
    assert refreshes(ast.parse(path.read_text())) <= MAY_REFRESH.get(path.relative_to(ROOT).as_posix(), set())


def test_a_refresh_elsewhere_is_found():
    assert refreshes(ast.parse("if database.versions.is_stale():\n    database.refresh()")) == {"is_stale", "refresh"}


REAL_TIME = {"now", "utcnow", "today"}
"""Methods of datetime's classes that read the machine's clock."""

KNOW_REAL_TIME = (
    "emulator/client/",
    "emulator/replaying/",
    "emulator/transfer/",
    "emulator/clock.py",
    "emulator/http/",
    "emulator/installed/dynamodb_emulator/_process.py",
    "emulator/outbound/",
    "emulator/event_sources/child.py",
    "emulator/log_limits.py",
)
"""Files and folders that may read the real time.

They need it for the clock, sockets, dates in requests, the start of a server, the log, and the
timeouts of functions.
"""


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_few_files_read_the_real_time(path):
    """All other code reads the emulator's clock, so a test can move the time for everything."""
    if path.relative_to(ROOT).as_posix().startswith(KNOW_REAL_TIME):
        return
    attributes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    asked = {ast.unparse(node) for node in attributes if node.attr in REAL_TIME}
    assert "time" not in imported(path)
    assert not {text for text in asked if text.split(".")[-2] in ("datetime", "date")}


def test_every_handler_belongs_to_an_operation_of_the_service():
    assert operations
    assert set(registered()) <= set(service_operations())


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_operation_has_a_black_box_test(name):
    words = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
    texts = [path.read_text() for path in (ROOT / "tests" / "compat").glob("test_*.py")]
    tested = any(f".{words}(" in text or f'"{name}"' in text for text in texts)
    assert tested, f"add tests/compat/test_<family>.py, which calls {name}"


# --- length of files ------------------------------------------------------------------------------

MOST_LINES = 400

LONG_FILES = {
    "emulator/database/store/keyspace.py": "one table of keys, with a function for each row",
}
"""The files that may be longer, and why."""


def test_no_file_is_too_long():
    """A file with more than 400 lines has more than one concept, so it can be split."""
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in sources()}
    long = {path for path, length in lengths.items() if length > MOST_LINES}
    assert long - LONG_FILES.keys() == set(), "split these files, or say in LONG_FILES why they have no seam"
    assert LONG_FILES.keys() - long == set(), "these are short enough: remove them from LONG_FILES"


# --- errors ---------------------------------------------------------------------------------------

MAKE_ERRORS = ("emulator/errors/", "emulator/event_sources/errors.py")
"""The folders with the texts of errors. All other code calls the factories there."""

TAKE_ANY_TEXT = {name for name, form in vars(forms).items() if getattr(form, "__module__", "") == forms.__name__}


ELSEWHERE = [path for path in sources() if not path.relative_to(ROOT).as_posix().startswith(MAKE_ERRORS)]


def with_parents(node, parents=()):
    yield node, parents
    for child in ast.iter_child_nodes(node):
        yield from with_parents(child, (*parents, node))


PASS_ON = (ast.Raise, ast.Return, ast.Expr, ast.Assign)
CARRY = (ast.Call, ast.Dict, ast.FormattedValue)
LOOK_AT = (ast.Compare, ast.IfExp, ast.Subscript, ast.comprehension, ast.NamedExpr, ast.BinOp)
SEARCH = {"startswith", "endswith", "find", "index", "count", "match", "search", "fullmatch", "len"}


def is_passed_on(parents):
    """Return whether code only passes an expression on, without looking at its value.

    For example, the expression is an argument, a part of a text or a member of JSON. parents: the
    nodes of the syntax tree around the expression, the outermost first.
    """
    at = max(position for position, parent in enumerate(parents) if isinstance(parent, ast.stmt))
    around = parents[at + 1 :]
    called = {ast.unparse(each.func).rpartition(".")[2] for each in around if isinstance(each, ast.Call)}
    return (
        isinstance(parents[at], PASS_ON)
        and any(isinstance(each, CARRY) for each in around)
        and not any(isinstance(each, LOOK_AT) for each in around)
        and not isinstance(parents[-1], ast.Attribute)
        and not called & SEARCH
    )


def read_messages(tree):
    """Return the numbers of lines that inspect an error's message instead of passing it on."""
    lines = set()
    for node, parents in with_parents(tree):
        if isinstance(node, ast.Attribute) and node.attr == "message" and not is_passed_on(parents):
            lines.add(node.lineno)
        if isinstance(node, ast.ExceptHandler) and node.name and "ApiError" in ast.unparse(node.type):
            texts = {f"str({node.name})", f"repr({node.name})", f"{node.name}.args"}
            inside = [each for each in ast.walk(node) if isinstance(each, ast.Call | ast.Attribute)]
            lines.update(each.lineno for each in inside if ast.unparse(each) in texts)
    return lines


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_decides_by_the_text_of_an_error(path):
    """Code looks at `ApiError.about` instead, so the correction of a text changes nothing else."""
    assert read_messages(ast.parse(path.read_text())) == set()


@pytest.mark.parametrize(
    "code",
    [
        'if error.message == "Empty attribute name": pass',
        'return error.message is not None and error.message.startswith("One")',
        'text = error.message or ""',
        "raise error if error.message in own else other",
        'found = "Key" in error.message',
        "return KEY.match(error.message)",
        "return len(error.message)",
        "raise CODES[error.message]",
        "raise other(error.message.partition(':')[0])",
        "return dict(each for each in known if each.message == text)",
        "try: run()\nexcept errors.ApiError as error: return known(str(error))",
    ],
)
def test_code_that_inspects_a_text_is_found(code):
    assert read_messages(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        'raise Other(f"no key: {error.message}")',
        "raise errors.starting_key_invalid(errors.empty_key(name, kind).message)",
        'return orjson.dumps({"message": error.message})',
        'log.warning("%s", refusal.message)',
        "return escape(error.message or '')",
        "try: run()\nexcept ValueError as error: return str(error)",
    ],
)
def test_code_that_passes_a_text_on_is_allowed(code):
    assert not read_messages(ast.parse(code))


def texts_made(tree):
    """Yield the calls that make an error with a text which is written in the call.

    A call of a factory may contain names of at most two words, such as "Filter Expression".
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        module, _, name = ast.unparse(node.func).rpartition(".")
        given = [*node.args, *(each.value for each in node.keywords)]
        literals = [each.value for one in given for each in ast.walk(one) if isinstance(each, ast.Constant)]
        sentence = any(isinstance(each, str) and each.count(" ") > 1 for each in literals)
        if (
            name == "ApiError"
            or (module == "errors" and (name in TAKE_ANY_TEXT or sentence))
            or (name == "ExpressionError" and not ast.unparse(given[0]).startswith("problems."))
        ):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_of_errors_are_made_in_their_families(path):
    """One file is an exception: it has `ExpressionError` and the details of wrong expressions."""
    tree = ast.parse(path.read_text())
    makes_details = any(isinstance(each, ast.ClassDef) and each.name == "ExpressionError" for each in ast.walk(tree))
    assert makes_details or list(texts_made(tree)) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise errors.validation("x")',
        'raise ApiError("ValidationException", text)',
        "raise errors.ApiError(code, text)",
        'raise errors.starting_key_invalid("The key is odd")',
        'raise errors.key_type_mismatch(f"the odd key {name}", expected, actual)',
        'raise ExpressionError("odd")',
    ],
)
def test_texts_of_errors_elsewhere_are_found(code):
    assert list(texts_made(ast.parse(code)))


def test_every_family_of_errors_is_in_their_namespace():
    """`emulator/errors/__init__.py` imports every family.

    Families that are loaded at first use are imported there only for the type checker, and listed
    in `_AT_FIRST_USE`.
    """
    families = {path.stem for path in (ROOT / "emulator" / "errors").glob("*.py")} - {"__init__", "forms"}
    starred = {
        node.module.rpartition(".")[2]
        for node in ast.walk(ast.parse((ROOT / "emulator" / "errors" / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    }
    assert families == starred
    for family in families:
        contents = vars(import_module(f"emulator.errors.{family}"))
        made = [name for name, each in contents.items() if getattr(each, "__module__", "").endswith(f".{family}")]
        assert all(getattr(errors, name) is contents[name] for name in made if not name.startswith("_"))


def test_families_of_errors_have_different_names():
    names = [
        node.name
        for path in (ROOT / "emulator" / "errors").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert len(set(names)) == len(names)


def test_test_files_in_folders_without_a_package_have_unique_names():
    """pytest imports such files by their names alone, so two of them cannot have the same name."""
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if not (path.parent / "__init__.py").exists()]
    names = Counter(path.name for path in files if "node_modules" not in path.parts)
    assert [name for name, count in names.items() if count > 1] == []


# --- tests ----------------------------------------------------------------------------------------

TESTS = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "node_modules" not in path.parts]
TESTS = [path for path in TESTS if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


def other_tests(tree, bench=False):
    """Return the modules that a file imports although they are other tests or a conftest.py.

    bench: whether the file is a benchmark; benchmarks may import each other.
    """
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "tests":
            modules.update(f"tests.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            modules.update({node.module or ".", *(f"{node.module}.{alias.name}" for alias in node.names)})
    shared = ("tests.support", "tests.bench") if bench else ("tests.support",)
    ours = {name for name in modules if name.startswith("tests.") and not name.startswith(shared)}
    return ours | {name for name in modules if name.rpartition(".")[2].startswith(("test_", "conftest"))}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_imports_no_other_test(path):
    """Code that several tests need is in tests/support/."""
    assert other_tests(ast.parse(path.read_text()), bench="bench" in path.parts) == set()


@pytest.mark.parametrize(
    "code",
    [
        "from tests.conftest import running",
        "from tests import conftest",
        "from test_crash import killed",
        "import tests.robustness.test_crash as crash",
        "from tests.bench import workload",
        "from tests.robustness import test_crash",
    ],
)
def test_imports_of_other_tests_are_found(code):
    assert other_tests(ast.parse(code))


def test_imports_of_shared_code_are_allowed():
    assert not other_tests(ast.parse("from tests.support.tables import new_name\nfrom tests.support import seeds"))


def compared_engines(tree):
    """Return the comparisons of the fixture `engine_name` with names in the code."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    return [
        ast.unparse(node)
        for node in found
        if isinstance(node.left, ast.Name) and node.left.id == "engine_name"
        for each in node.comparators
        if isinstance(each, ast.Constant | ast.Tuple | ast.List | ast.Set)
    ]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_knows_an_engine_by_its_name(path):
    """Such a test would treat a new engine as one of the old engines.

    Differences between engines belong in tests/support/engines.py.
    """
    assert compared_engines(ast.parse(path.read_text())) == []


def test_a_comparison_of_engines_is_found():
    code = 'engine_name == "memory"; engine_name not in ("a", "b"); engine_name in ENGINES'
    assert len(compared_engines(ast.parse(code))) == 2
