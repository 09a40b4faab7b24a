"""An answer that is made while what it tells of is being committed, and held until that is done.

So the server has something to do while all who publish wait for the same commit (ADR 18 in docs/adr).
"""

from collections.abc import Callable

from graphql import FieldNode, GraphQLError, located_error
from graphql.pyutils import Path

from app.group_commit import Commit
from graph.context import Info


class Held:
    """The answer of one operation, and the commit that it waits for, if it does."""

    __slots__ = ("_field", "commit")

    def __init__(self) -> None:
        self.commit: Commit | None = None
        # Its nodes and path. Not all that there is to know of it, which would hold the context that holds this.
        self._field: tuple[list[FieldNode], Path] | None = None

    def by(self, info: Info) -> Callable[[Commit], None] | None:
        """What a field gives its commit to, to go on without it; None where others follow in the operation, which must
        not begin before it is done."""
        selections = info.operation.selection_set.selections
        if len(selections) > 1 or not isinstance(selections[0], FieldNode):
            return None
        self._field = info._raw_info.field_nodes, info.path
        return self._hold

    async def committed(self) -> None:
        """Wait for the commit, and raise what it failed with."""
        if self.commit is not None:
            await self.commit.done()

    async def error(self, commit: Commit) -> GraphQLError | None:
        """Wait for the commit. Where it failed, nothing in the answer is so: give the error of the field instead."""
        try:
            await commit.done()
        except Exception as error:  # noqa: BLE001 - told as those of resolvers are
            assert self._field is not None
            nodes, path = self._field
            return located_error(error, nodes, path.as_list())
        return None

    def _hold(self, commit: Commit) -> None:
        self.commit = commit
