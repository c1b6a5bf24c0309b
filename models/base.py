"""Constraint names, column types and the metadata every table shares."""

import re
from typing import Any

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import Text, UserDefinedType
from sqlmodel import SQLModel

NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}
"""PostgreSQL's own patterns, so that a constraint named in a log is found in the model."""

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = NAMES


class Instant(DateTime):
    """`timestamptz`: an instant, never a naive datetime."""

    def __init__(self, **_: Any) -> None:
        super().__init__(timezone=True)


class TextArray(ARRAY[str]):
    """`text[]`."""

    def __init__(self, **_: Any) -> None:
        super().__init__(Text())


class CommitOrder(UserDefinedType[int]):
    """`xid8`: the transaction that wrote the row. Feed and sync read in this order."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type in DDL."""
        return "xid8"


ischema_names["xid8"] = CommitOrder  # pyright: ignore[reportArgumentType] # a closed union in its stub


class Table(SQLModel):
    """Base of every table: the class's name in snake case is the table's."""

    @declared_attr  # type: ignore[arg-type] # SQLModel declares a narrower type than it accepts
    @classmethod
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] # as documented
        """Turn `EntryRevision` into `entry_revision`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


COMMITTED_IN = "pg_current_xact_id()"
"""Default of every `committed_in` column."""

APP_NOW = "app_now()"
"""The database's clock, which tests can move."""
