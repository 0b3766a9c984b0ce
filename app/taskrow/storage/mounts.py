"""On which file system a directory lies: SQLite needs a local one.

Linux tells it in ``/proc/self/mountinfo``; elsewhere the command ``mount`` does.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Where two machines see one file, SQLite's locks and its shared memory do not reach from one to the
# other; the last line is of directories that a virtual machine shares with its host.
_REMOTE = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "afpfs", "coda", "webdav", "davfs",
    "ceph", "lustre", "beegfs", "gpfs", "glusterfs", "gfs", "gfs2", "ocfs2", "orangefs", "acfs",
    "9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "fakeowner", "osxfs", "grpcfuse", "drvfs",
}  # fmt: skip
# By the name of the program behind a file system in user space (fuse.sshfs).
_REMOTE_FUSE = {
    "sshfs", "s3fs", "s3ql", "gcsfuse", "mount-s3", "goofys", "rclone", "blobfuse", "blobfuse2",
    "juicefs", "JuiceFS", "seaweedfs", "glusterfs", "ceph", "cephfs", "mfs", "moosefs", "lizardfs",
    "davfs", "curlftpfs", "smbnetfs", "gvfsd-fuse", "vmhgfs-fuse", "grpcfuse", "osxfs",
}  # fmt: skip

_OCTAL = re.compile(r"\\([0-7]{3})")  # how mountinfo writes a space in a path
_MOUNT_LINE = re.compile(r"^.+? on (/.*) \((\w+)[,)]")


def is_remote(kind: str) -> bool:
    """Whether a type of file system is one of a network, or of another machine's disk."""
    return kind in _REMOTE or kind.removeprefix("fuse.") in _REMOTE_FUSE


def file_system_of(directory: Path) -> str:
    """The type of the file system below a directory; empty where the platform does not say."""
    return kind_in(directory, read_mounts())


def kind_in(directory: Path, mounts: str) -> str:
    """Like :func:`file_system_of`, from what :func:`read_mounts` has read."""
    found, longest = "", -1
    for mount, kind in _parse(mounts):
        if directory.is_relative_to(mount) and len(mount.parts) >= longest:
            found, longest = kind, len(mount.parts)
    return found


def read_mounts() -> str:
    """What is mounted, in the words of the platform; empty where there are none."""
    with suppress(OSError):
        return Path("/proc/self/mountinfo").read_text()
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            ["/sbin/mount"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
    return ""


def _parse(mounts: str) -> Iterator[tuple[Path, str]]:
    """Mount points and types, in the order in which they were mounted."""
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        if dash:
            path = _OCTAL.sub(lambda code: chr(int(code[1], 8)), left.split(" ")[4])
            yield Path(path), right.split(" ", 1)[0]
        elif (found := _MOUNT_LINE.match(line)) is not None:
            yield Path(found[1]), found[2]
