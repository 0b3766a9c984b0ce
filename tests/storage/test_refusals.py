"""What cannot be a task database is refused in one sentence, and nothing is made or changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from taskrow.errors import DatabaseError, SettingsError, TaskrowError
from taskrow.storage.database import open_database
from taskrow.storage.files import refuse_remote
from taskrow.storage.mounts import file_system_of, kind_in
from taskrow.storage.schema import ensure_schema
from tests.storage.mounts import read_only_mount, small_mount
from tests.storage.processes import running
from tests.storage.workloads import open_as_nobody

SECRET = "hunter2"


def refusal(url: str) -> str:
    """The sentence with which a URL is refused."""
    with pytest.raises(TaskrowError) as caught:
        ensure_schema(open_database(url, busy_timeout=1))
    words = str(caught.value)
    assert isinstance(caught.value, DatabaseError | SettingsError)
    assert "\n" not in words
    assert SECRET not in words
    return words


def tree(directory: Path) -> dict[str, tuple[int, bytes]]:
    """All files below a directory, with mode and content."""
    return {
        str(file): (stat.S_IMODE(file.stat().st_mode), file.read_bytes() if file.is_file() else b"")
        for file in directory.rglob("*")
    }


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"],
)
def test_a_database_in_memory(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "must be a file" in refusal(url)
    assert tree(tmp_path) == {}


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    words = refusal(f"sqlite:///{tmp_path}/no/such/tasks.db")
    assert "its directory does not exist" in words
    assert f"{tmp_path}/no/such/tasks.db" in words
    assert tree(tmp_path) == {}


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "tasks.db").mkdir()
    assert "is no file" in refusal(f"sqlite:///{tmp_path}/tasks.db")
    assert [file.name for file in tmp_path.rglob("*")] == ["tasks.db"]


@pytest.mark.parametrize("content", [b"hello, I am a letter\n" * 500, os.urandom(10_000)])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tasks.db").write_bytes(content)
    before = tree(tmp_path)
    assert "file is not a database" in refusal(f"sqlite:///{tmp_path}/tasks.db")
    assert tree(tmp_path) == before


def test_a_socket_or_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tasks.db")
    assert "is no file" in refusal(f"sqlite:///{tmp_path}/tasks.db")


@pytest.mark.parametrize("there", [True, False], ids=["with a file", "without a file"])
def test_a_read_only_file_system(tmp_path: Path, there: bool) -> None:
    with read_only_mount(tmp_path / "mount", file="tasks.db" if there else None) as mount:
        before = tree(mount)
        words = refusal(f"sqlite:///{mount}/tasks.db")
        assert ("cannot be written" if there else "cannot be created: Read-only") in words
        assert tree(mount) == before


@pytest.mark.parametrize(
    ("directory", "file", "words"),
    [
        (0o755, 0o444, "tasks.db cannot be written: check its permissions"),
        (0o777, 0o444, "tasks.db cannot be written: check its permissions"),
        (0o755, 0o666, "cannot be written: SQLite needs it"),
        (0o755, None, "cannot be created: Permission denied"),
    ],
)
def test_permissions_that_forbid_to_write(
    shared_directory: Path, directory: int, file: int | None, words: str
) -> None:
    if file is not None:
        path = shared_directory / "tasks.db"
        path.touch()
        path.chmod(file)
    shared_directory.chmod(directory)
    before = tree(shared_directory)
    with running(open_as_nobody, f"sqlite:///{shared_directory}/tasks.db") as child:
        assert words in child.hear()
    assert tree(shared_directory) == before


MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:50 / /srv/nfs rw,relatime shared:2 master:3 - nfs4 server:/export rw,vers=4.2
41 40 254:1 / /srv/nfs/local rw,relatime - xfs /dev/vdb rw
42 27 0:51 / /mnt/my\040share rw,relatime - cifs //server/share rw
43 27 0:52 / /mnt/home rw,relatime - fuse.sshfs me@host:/ rw
44 27 0:53 / /mnt/twice rw,relatime - ext4 /dev/vdc rw
45 44 0:54 / /mnt/twice rw,relatime - 9p drvfs rw
46 27 0:55 / /mnt/bucket rw,relatime - fuse.s3fs s3fs rw
47 27 0:56 / /mnt/host rw,relatime - virtiofs share rw
48 27 0:57 / /mnt/key rw,relatime - fuseblk /dev/sdb1 rw
""".strip()


def test_a_directory_in_which_everybody_may_write(shared_directory: Path) -> None:
    shared_directory.chmod(0o777)
    assert "chmod o-w" in refusal(f"sqlite:///{shared_directory}/tasks.db")
    assert tree(shared_directory) == {}
    own = shared_directory / "own"
    own.mkdir(0o700)
    ensure_schema(open_database(f"sqlite:///{own}/tasks.db", busy_timeout=1))
    (shared_directory / "link.db").symlink_to(own / "tasks.db")
    assert "chmod o-w" in refusal(f"sqlite:///{shared_directory}/link.db")


def test_a_directory_like_tmp_in_which_everybody_may_write(shared_directory: Path) -> None:
    shared_directory.chmod(0o1777)
    ensure_schema(open_database(f"sqlite:///{shared_directory}/tasks.db", busy_timeout=1))
    (shared_directory / "link.db").symlink_to("tasks.db")
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    for name in ("tasks.db", "link.db"):
        os.chown(shared_directory / name, 65534, 65534, follow_symlinks=False)
        assert "another user's" in refusal(f"sqlite:///{shared_directory}/{name}")


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_file_that_is_gone_while_its_log_is_there(
    tmp_path: Path, suffix: str, empty: bool
) -> None:
    left = tmp_path / f"tasks.db{suffix}"
    left.write_bytes(b"of a file that is gone")
    if empty:
        (tmp_path / "tasks.db").touch()
    before = tree(tmp_path)
    words = refusal(f"sqlite:///{tmp_path}/tasks.db")
    assert f"is gone or empty, but tasks.db{suffix} is still there" in words
    assert tree(tmp_path) == before
    left.unlink()
    ensure_schema(open_database(f"sqlite:///{tmp_path}/tasks.db", busy_timeout=1))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/nfs/tasks.db", "nfs4"),
        ("/srv/nfs/deep/down/tasks.db", "nfs4"),
        ("/mnt/my share/tasks.db", "cifs"),
        ("/mnt/home/tasks.db", "fuse.sshfs"),
        ("/mnt/twice/tasks.db", "9p"),
        ("/mnt/bucket/tasks.db", "fuse.s3fs"),
        ("/mnt/host/tasks.db", "virtiofs"),
    ],
)
def test_a_network_file_system(path: str, kind: str) -> None:
    with pytest.raises(DatabaseError, match=rf"lies on a network file system \({kind}\)"):
        refuse_remote(Path(path), MOUNTS)


@pytest.mark.parametrize(
    "path",
    [
        "/tasks.db",
        "/srv/tasks.db",
        "/srv/nfs/local/tasks.db",
        "/srv/nfsx/tasks.db",
        "/mnt/key/x.db",
    ],
)
def test_a_local_file_system_is_fine(path: str) -> None:
    refuse_remote(Path(path), MOUNTS)
    refuse_remote(Path(path), "")


MAC_MOUNTS = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@server/share on /Volumes/my share (smbfs, nodev, nosuid, mounted by me)
server:/export on /Volumes/export (nfs)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
""".strip()


def test_a_network_file_system_in_the_words_of_macos() -> None:
    for path, kind in (("/Volumes/my share/x.db", "smbfs"), ("/Volumes/export/x.db", "nfs")):
        with pytest.raises(DatabaseError, match=rf"network file system \({kind}\)"):
            refuse_remote(Path(path), MAC_MOUNTS)
    assert kind_in(Path("/System/Volumes/Data/Users/me"), MAC_MOUNTS) == "apfs"
    refuse_remote(Path("/Users/me/tasks.db"), MAC_MOUNTS)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://u:{SECRET}@h/d", "in SQLite or PostgreSQL, not in mysql"),
        (f"mysql+pymysql://u:{SECRET}@h/d", "in SQLite or PostgreSQL, not in mysql"),
        (f"redis://:{SECRET}@h/0", "in SQLite or PostgreSQL, not in redis"),
        (SECRET, "is no database URL"),
        (f"/var/{SECRET}/tasks.db", "is no database URL"),
        (f"postgresql://user:{SECRET}@host:port/name", "is no database URL"),
        (f"postgresql://user:with@sign:{SECRET}@host/name", "is no database URL"),
        (f"postgresql://user:{SECRET}@[::1/name", "is no database URL"),
    ],
)
def test_a_url_of_another_kind(url: str, words: str) -> None:
    assert words in refusal(url)


def test_a_postgresql_server_that_is_not_there(unused_port: int) -> None:
    words = refusal(f"postgresql://user:{SECRET}@127.0.0.1:{unused_port}/name")
    assert "user:***@127.0.0.1" in words


def test_a_postgresql_database_that_is_not_there(postgres_url: str) -> None:
    url = postgres_url.rpartition("/")[0].replace("postgres@", f"postgres:{SECRET}@")
    assert 'database "nowhere" does not exist' in refusal(f"{url}/nowhere")


def test_this_machine_says_on_which_file_system_a_directory_is(tmp_path: Path) -> None:
    with small_mount(tmp_path / "small", "1m") as mount:
        (mount / "deeper").mkdir()
        assert file_system_of(mount / "deeper") == "tmpfs"
