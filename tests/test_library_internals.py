"""The program's uses of private parts of its libraries are listed, found, and bounded in pyproject.toml.

An upgrade may remove any of them without notice. `test_the_library_still_has_it` then fails and says what relies on it.
docs/adr/0019-reaches-into-libraries-are-listed.md says what belongs in the list.
"""

import ast
import dis
import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import aiosqlite
import asyncpg
import httpx
import pytest
import strawberry
import uvicorn
from dramatiq.asyncio import EventLoopThread
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import ConnectionWrapper
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "graph", "tasks")
# Distributions by the packages that they contain.
LIBRARIES = {
    "aiosqlite": "aiosqlite",
    "asyncpg": "asyncpg",
    "dramatiq": "dramatiq",
    "graphql": "graphql-core",
    "httpx": "httpx",
    "strawberry": "strawberry-graphql",
    "tortoise": "tortoise-orm",
    "uvicorn": "uvicorn",
}
# Methods of named tuples: underscored, but documented.
DOCUMENTED = {"_asdict", "_fields", "_make", "_replace"}


class Reach(NamedTuple):
    """A private, undocumented or replaced attribute of a library, and the decision record that says why."""

    file: str
    owner: type
    name: str
    why: str
    record: str


_DATABASE, _POSTGRES = "app/database/database.py", "app/database/postgres.py"
_SQLITE, _STATEMENTS = "app/database/sqlite.py", "app/database/sqlite_statements.py"
_HEADS, _SERVE, _DEADLINES = "app/web/head_limit.py", "app/web/serve.py", "app/web/request_deadlines.py"
_SOCKETS = "app/web/socket_protocol.py"

REACHES = [
    Reach(_DATABASE, SqliteClient, "_lock", "keeps other tasks' statements out of a transaction", "4"),
    Reach(_DATABASE, TransactionWrapper, "_connection", "a transaction on a connection that is given back", "4"),
    Reach(_POSTGRES, AsyncpgDBClient, "_pool", "connections are acquired and released around transactions", "4"),
    Reach(_POSTGRES, AsyncpgDBClient, "_in_transaction", "the ORM's own transactions translate errors, too", "4"),
    Reach(_POSTGRES, AsyncpgDBClient, "_pool_init_lock", "is an argument of such a transaction", "4"),
    Reach(_POSTGRES, AsyncpgDBClient, "_translate_exceptions", "a database that is away raises one error", "4"),
    Reach(_POSTGRES, TransactionWrapper, "_translate_exceptions", "a database that is away raises one error", "4"),
    Reach(_POSTGRES, AsyncpgDBClient, "_close", "the watch of the connections ends before their pool", "19"),
    Reach(
        "app/database/postgres_connection.py",
        asyncpg.Connection,
        "_transport",
        "the operating system says when a connection has gone",
        "19",
    ),
    Reach(_SQLITE, SqliteClient, "_lock", "one connection writes, for one task at a time", "4"),
    Reach(_SQLITE, SqliteClient, "_connection", "the connection is opened for the thread and the loop", "14"),
    Reach(_SQLITE, SqliteClient, "_post_connect", "is called once all connections are open", "16"),
    Reach(_SQLITE, SqliteClient, "_in_transaction", "the ORM's own transactions begin IMMEDIATE, too", "4"),
    Reach(_SQLITE, SqliteTransactionWrapper, "_connection", "a transaction begins IMMEDIATE", "4"),
    Reach(_SQLITE, ConnectionWrapper, "_lock", "a cancelled caller keeps the lock until its statement ended", "4"),
    Reach(_SQLITE, aiosqlite.Connection, "_conn", "rows and whole transactions need the sqlite3 connection", "14"),
    Reach(_SQLITE, aiosqlite.Connection, "_tx", "a whole transaction is one job of the connection's thread", "14"),
    Reach(_SQLITE, aiosqlite.Connection, "_running", "a job for a thread that has ended would wait forever", "14"),
    Reach(_STATEMENTS, SqliteClient, "_lock", "a whole transaction holds it", "14"),
    Reach(_STATEMENTS, SqliteClient, "_connection", "a whole transaction runs past the ORM", "14"),
    Reach(_STATEMENTS, aiosqlite.Connection, "_conn", "statements run on the event loop", "14"),
    Reach("app/sender/request.py", httpx.Request, "_content", "a request is built without its constructor", "10"),
    Reach(_HEADS, HttpToolsProtocol, "cycle", "a head is refused only if no answer is under way", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "connection_made", "begins the time of a first head", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "connection_lost", "ends what is timed", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "data_received", "times what comes in more than one read", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "on_message_begin", "begins the time of a head", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "on_headers_complete", "begins the time of a body", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "on_message_complete", "ends the time of a body", "19"),
    Reach(_DEADLINES, HttpToolsProtocol, "cycle", "408 is answered only if no answer is under way", "19"),
    Reach(_HEADS, HttpToolsProtocol, "connection_lost", "tells pipelined requests that their client has gone", "19"),
    Reach(_HEADS, RequestResponseCycle, "disconnected", "tells pipelined requests that their client has gone", "19"),
    Reach(_HEADS, RequestResponseCycle, "message_event", "tells pipelined requests that their client has gone", "19"),
    Reach(_HEADS, HttpToolsProtocol, "data_received", "counts the bytes of a head", "19"),
    Reach(_HEADS, HttpToolsProtocol, "on_message_begin", "ends the count of a head", "19"),
    Reach(_HEADS, HttpToolsProtocol, "on_headers_complete", "ends the count of a head", "19"),
    Reach(_HEADS, HttpToolsProtocol, "on_body", "ends the count of a head", "19"),
    Reach(_HEADS, HttpToolsProtocol, "on_message_complete", "ends the count of a head", "19"),
    Reach(_HEADS, RequestResponseCycle, "response_complete", "a head is refused only between answers", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "send", "a socket refused over HTTP is no error in the log", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "initial_response", "a refusal over HTTP is noticed", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "close_sent", "a refusal over HTTP is noticed", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "handshake_complete", "a refusal over HTTP completes it", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "shutdown", "a socket that closes does not end the server", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "stop_keepalive", "a socket that closes does not end the server", "19"),
    Reach(_SOCKETS, WebSocketsSansIOProtocol, "conn", "a socket that closes does not end the server", "19"),
    Reach(_SERVE, uvicorn.Server, "main_loop", "an idle server does not wake up ten times a second", "19"),
    Reach(_SERVE, uvicorn.Server, "on_tick", "keeps the Date header right", "19"),
    Reach(_SERVE, uvicorn.Server, "handle_exit", "the process closes its resources after a signal", "19"),
    Reach(_SERVE, uvicorn.Server, "should_exit", "the process closes its resources after a signal", "19"),
    Reach(_SERVE, uvicorn.Server, "force_exit", "a second Ctrl-C does not wait for requests", "19"),
    Reach("tasks/command.py", EventLoopThread, "loop", "`dramatiq tasks` runs on uvloop", "19"),
    Reach("graph/schema.py", strawberry.Schema, "_schema", "queries run without the steps for extensions", "19"),
    Reach("graph/schema.py", strawberry.Schema, "_process_errors", "errors are reported as Strawberry does", "19"),
    Reach("graph/documents.py", ExecutionContext, "_provided_operation_name", "costs are those of one operation", "19"),
    Reach(
        "graph/execution.py",
        StrawberryGraphQLCoreExecutionContext,
        "execute_field",
        "plain fields are completed from a template",
        "41",
    ),
    Reach("graph/execution.py", StrawberryGraphQLCoreExecutionContext, "async_helpers", "a cycle is broken", "19"),
    Reach(
        "graph/inputs/events.py", StrawberryObjectDefinition, "from_input", "batches of events cost 27 % less CPU", "19"
    ),
    Reach(
        "graph/sockets.py",
        BaseGraphQLTransportWSHandler,
        "_get_pre_execution_close_reason",
        "a syntax error does not close the socket",
        "19",
    ),
]


@pytest.mark.parametrize("reach", REACHES, ids=lambda reach: f"{reach.owner.__name__}.{reach.name}-{reach.file}")
def test_the_library_still_has_it(reach: Reach) -> None:
    distribution = LIBRARIES[reach.owner.__module__.partition(".")[0]]

    assert has(reach.owner, reach.name), (
        f"{distribution} {version(distribution)} has no {reach.owner.__name__}.{reach.name}, on which {reach.file}"
        f" relies: {reach.why} (ADR {reach.record} in docs/adr)."
    )


@pytest.mark.parametrize("reach", REACHES, ids=lambda reach: f"{reach.name}-{reach.file}")
def test_what_is_listed_is_used_and_has_a_decision_record(reach: Reach) -> None:
    assert re.search(rf"\b{reach.name}\b", (ROOT / reach.file).read_text())
    assert list((ROOT / "docs" / "adr").glob(f"{int(reach.record):04d}-*.md"))


def test_nothing_else_reaches_into_a_library() -> None:
    listed = {(reach.file, reach.name) for reach in REACHES}

    assert {(file, name) for file, name in _reaches() if (file, name) not in listed} == set()


@pytest.mark.parametrize("distribution", LIBRARIES.values())
def test_a_library_that_is_reached_into_is_bounded_to_its_series(distribution: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [bound] = [
        requirement.specifier
        for requirement in map(Requirement, project["dependencies"])
        if canonicalize_name(requirement.name) == distribution
    ]
    installed = Version(version(distribution))

    assert installed in bound
    assert f"{installed.major}.{installed.minor + 1}" not in bound


def test_reaches_of_every_kind_are_found() -> None:
    text = (
        "import httpx\nimport uvicorn.config\nfrom asyncpg import _private\n"
        "request._content\ngetattr(request, '_stream')\nuvicorn.config.LOGGING = 1\nsetattr(httpx, 'Client', None)\n"
        "server = uvicorn.Server(1)\nserver.started = 2\nown.attribute = 3\nself._own\nrow._replace(a=1)\n"
    )

    assert set(_in_text(ast.parse(text))) == {"_private", "_content", "_stream", "LOGGING", "Client", "started"}


@cache
def has(owner: type, name: str) -> bool:
    """Whether a class has an attribute, or declares it, or its methods set it."""
    if hasattr(owner, name) or any(name in inspect.get_annotations(each) for each in owner.__mro__):
        return True
    methods = (method for each in owner.__mro__ for method in vars(each).values() if inspect.isfunction(method))
    steps = (step for method in methods for step in dis.get_instructions(method))
    return any(step.opname == "STORE_ATTR" and step.argval == name for step in steps)


def _reaches() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            tree = ast.parse(path.read_text())
            yield from ((file, name) for name in (*_in_text(tree), *_in_subclasses(tree, file)))


def _in_text(tree: ast.AST) -> Iterator[str]:
    """Private attributes of objects other than `self`, and attributes of libraries that are replaced."""
    nodes = list(ast.walk(tree))
    own = {f.name for c in nodes if isinstance(c, ast.ClassDef) for f in c.body if isinstance(f, ast.FunctionDef)}
    libraries = _names_of_libraries(nodes)
    for node in nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] in LIBRARIES:
                yield from (alias.name for alias in names if _is_private(alias.name))
            case ast.Attribute(attr=name, value=value) if _is_private(name) and name not in own:
                if _root(value) not in {"self", "cls", "super"} or not isinstance(value, ast.Name | ast.Call):
                    yield name
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]) if _is_private(
                name
            ):
                yield name
            case ast.Call(func=ast.Name(id="setattr"), args=[target, ast.Constant(value=str(name)), _]):
                if _root(target) in libraries:
                    yield name
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) if _root(node.value) in libraries:
                yield name


def _names_of_libraries(nodes: list[ast.AST]) -> set[str]:
    """The names by which a module knows libraries, their imported members, and values derived from them."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                module = node.module if isinstance(node, ast.ImportFrom) and node.module else alias.name
                if module.partition(".")[0] in LIBRARIES:
                    names.add((alias.asname or alias.name).partition(".")[0])
    made = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _root(node.value) in names
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return names | made


def _in_subclasses(tree: ast.Module, file: str) -> Iterator[str]:
    """Private names of a library's class that a class of this file uses or overrides."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases:
            module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
            bases = [b for b in getattr(module, node.name).__mro__ if b.__module__.partition(".")[0] in LIBRARIES]
            names = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            names |= {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
            yield from (name for name in names if _is_private(name) and any(has(base, name) for base in bases))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def _root(node: ast.AST) -> str | None:
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return None
    return node.id
