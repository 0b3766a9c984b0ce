"""What lanes on a Redis server have in common."""

from __future__ import annotations

from functools import cached_property

from redis import Redis

from bench.lanes.lane import Lane, NotMeasured


class RedisLane(Lane):
    """A lane whose queue is in database 0 of a server, and its results in database 1."""

    @cached_property
    def redis(self) -> Redis:
        """The results."""
        return Redis.from_url(results_of(self.spec.url))

    def ended(self) -> int:
        return int(str(self.redis.dbsize()))

    def all_ended(self, tasks: int) -> bool:
        return self.ended() >= tasks

    def results(self) -> dict[str, object]:
        if self.ended() < 1:
            raise RuntimeError("no result is stored")
        raise NotMeasured("its results are read one by one, by the row that measures it")

    def durability(self) -> str:
        def ask(name: str) -> str:
            found: dict[str, str] = self.redis.config_get(name)
            return found[name]

        if ask("appendonly") == "no":
            return "NONE: memory, snapshots now and then"
        return f"append-only file, fsync {ask('appendfsync')}"

    def rest(self) -> None:
        """Nothing: a server takes as many as come."""


def results_of(url: str) -> str:
    """The database beside the queue's, so that counting its keys counts the results."""
    return f"{url.removesuffix('/0')}/1"
