"""PostgreSQL behind a network that cuts answers, or swallows everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.faults.board import case
from tests.faults.needs import Unavailable
from tests.faults.proxy import CUT_COMMITS, PASS, SWALLOW, Proxy
from tests.faults.scene import Scene, Watch, scene
from tests.support.postgres import PostgresServer, PostgresUnavailable
from tests.support.processes import Process, eventually

_TROUBLE = "trying again until it can"


@contextmanager
def _behind_a_proxy(directory: Path) -> Iterator[tuple[PostgresServer, Proxy, Scene, str]]:
    """A server, a proxy, a scene that speaks to the server itself, and the URL by the proxy."""
    server = PostgresServer(directory)
    try:
        server.start()
    except PostgresUnavailable as error:
        raise Unavailable(str(error)) from None
    try:
        url = make_url(server.create_database())
        proxy = Proxy(url.port or 5432)
        with scene(directory, url.render_as_string(hide_password=False)) as here, closing(proxy):
            yield server, proxy, here, str(url.set(port=proxy.port))
    finally:
        server.stop()


@case(39, "PostgreSQL's replies are cut or swallowed; it is killed", expected="goes on in 10 s")
def bad_network(scene: Scene) -> str:
    with _behind_a_proxy(scene.directory) as (server, proxy, here, url):
        worker = here.worker("--runners", "1", env={"FLASK_TASKROW_DATABASE_URL": url})
        assert here.final(here.submit("add", 20, 22)).result == "42"
        cuts = _cut_commits(proxy, here)
        watch = Watch()
        proxy.mode = SWALLOW
        waiting = here.submit("add", 1, 1)
        eventually(lambda: proxy.swallowed)
        proxy.mode = PASS  # for new connections; those that are open stay mute
        assert here.final(waiting).result == "2"
        assert watch.seconds < 10, f"it took {watch.seconds:.1f} s"
        again = _kill_below(server, here, worker)
        assert worker.process.poll() is None
        return (
            f"{cuts} cut commits, each task ended once; on again after {watch.seconds:.1f} s, and "
            f"{again:.1f} s after the start of a killed server"
        )


def _kill_below(server: PostgresServer, here: Scene, worker: Process) -> float:
    """Kill the server of an idle worker, and start it; in how many seconds it works again."""
    said = worker.output().count(_TROUBLE)
    server.kill()
    eventually(lambda: worker.output().count(_TROUBLE) > said)
    server.start()
    watch = Watch()
    assert here.final(here.submit("add", 2, 2)).result == "4"
    assert watch.seconds < 10, f"it took {watch.seconds:.1f} s"
    return watch.seconds


def _cut_commits(proxy: Proxy, here: Scene) -> int:
    """Tasks run while replies to COMMIT are lost; how many were."""
    proxy.mode = CUT_COMMITS
    ids = [here.submit("add", number, 1) for number in range(20)]
    eventually(lambda: proxy.cuts >= 3)
    proxy.mode = PASS
    ended = [(task.status, task.attempt, task.result) for task in map(here.final, ids)]
    assert ended == [("succeeded", 1, str(number + 1)) for number in range(20)], ended
    return proxy.cuts
