"""A shop: an application with models of its own, whose tasks belong to its orders.

Its settings come from the environment (FLASK_...) or from the caller. SHOP_SETUP says in which
order the extensions are set up.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from flask import Flask, request
from flask_migrate import Migrate  # type: ignore[import-untyped, unused-ignore]
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from taskrow import TaskQueue

db = SQLAlchemy()
queue = TaskQueue()
migrate = Migrate()


class Order(db.Model):  # type: ignore[name-defined,misc]
    """What somebody bought."""

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column()


class Parcel(db.Model):  # type: ignore[name-defined,misc]
    """One for each run of ``ship``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column()


class Visit(db.Model):  # type: ignore[name-defined,misc]
    """Kept in a database of its own where there is one."""

    __bind_key__ = "other"
    id: Mapped[int] = mapped_column(primary_key=True)


def name_filter(name: str | None, kind: str, parents: Any) -> bool:
    """The shop's own idea of what its migrations should not see."""
    return not (kind == "table" and name == "legacy")


def create_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    url = app.config["TASKROW_DATABASE_URL"]
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", url)
    other = app.config.pop("SHOP_OTHER_URL", "sqlite:///:memory:")
    app.config.setdefault("SQLALCHEMY_BINDS", {"other": other})
    _set_up(app, app.config.pop("SHOP_SETUP", "queue db migrate"))
    app.add_url_rule("/buy/<item>", view_func=buy, methods=["POST"])
    app.add_url_rule("/report", view_func=queue.async_api(report))
    return app


def _set_up(app: Flask, order: str) -> None:
    for word in order.split():
        if word == "db":
            db.init_app(app)
        elif word == "queue":
            queue.init_app(app)
        elif word == "migrate":
            migrate.init_app(app, db, include_name=name_filter)
        elif word == "context":
            with app.app_context():
                app.logger.debug("a context before all is set up")


@queue.task
def ship(order_id: int) -> int:
    """Leaves a parcel for each time that it ran."""
    db.session.add(Parcel(order_id=order_id))
    db.session.commit()
    return order_id


@queue.task
def order_in_task(item: str, commits: bool) -> str:
    """An order that is made in a worker, in the session of the task's context."""
    task_id = place(item)
    if commits:
        db.session.commit()
    return task_id


def place(item: str, **options: Any) -> str:
    """Make an order and the task that ships it; the caller commits. Returns the task's id."""
    order = Order(item=item)
    db.session.add(order)
    db.session.flush()
    return ship.apply_async((order.id,), session=db.session, **options).id


def buy(item: str) -> Any:
    task_id = place(item)
    if "crash" in request.args:
        os.kill(os.getpid(), signal.SIGKILL)
    db.session.commit()
    return {"task": task_id}


def report() -> Any:
    return {"orders": db.session.scalar(select(func.count()).select_from(Order))}
