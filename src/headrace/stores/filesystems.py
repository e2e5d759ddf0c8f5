"""Which kind of file system a folder is on, so that SQLite is not used where it would lose data.

Linux: the kernel's table of mounts (/proc/self/mountinfo), by device number, else by longest mount point; it names
the type, which `os.statvfs` does not. macOS: `statfs`, which names the type and whether the volume is local. Anywhere
else nobody can say, and the folder is taken as it is.
"""

import os
import sys
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        *("9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs", "webdav", "wekafs"),
        *(
            "fuse.ceph-fuse",
            "fuse.s3fs",
            "fuse.sshfs",
            "fuse.gcsfuse",
            "fuse.glusterfs",
            "fuse.rclone",
            "fuse.smbnetfs",
        ),
        *("fuse.blobfuse", "fuse.blobfuse2", "fuse.goofys", "fuse.juicefs", "fuse.davfs2", "fuse.mount-s3"),
        *("fuse.JuiceFS", "fuse.lizardfs", "fuse.moosefs", "fuse.seaweedfs", "fuse.curlftpfs", "fuse.nfs"),
    }
)
"""Types that reach another machine, or another kernel (9p), as Linux and macOS name them."""


if sys.platform == "darwin":
    import ctypes  # costs several milliseconds, and only macOS has no other way

    _IS_LOCAL = 0x00001000  # MNT_LOCAL of sys/mount.h
    _FLAGS, _NAME = slice(64, 68), slice(72, 88)  # f_flags and f_fstypename of struct statfs with 64-bit inodes

    def _network_type_of_darwin(folder: str) -> str:
        room = ctypes.create_string_buffer(4096)
        library = ctypes.CDLL(None)
        call = getattr(library, "statfs$INODE64", None) or library.statfs
        if call(os.fsencode(folder), room) != 0:
            return ""
        is_local = int.from_bytes(room.raw[_FLAGS], sys.byteorder) & _IS_LOCAL
        return "" if is_local else room.raw[_NAME].split(b"\0")[0].decode("ascii", "replace") or "network"


def network_type(folder: str) -> str:
    """The type's name if the folder is on a network file system, empty if not or if nobody can say."""
    if sys.platform == "darwin":
        return _network_type_of_darwin(folder)
    device = Path(folder).stat().st_dev
    kind = mounted_type(_mounts(), f"{os.major(device)}:{os.minor(device)}", os.path.realpath(folder))
    return kind if kind in NETWORK_TYPES else ""


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def mounted_type(mounts: str, device: str, path: str) -> str:
    """The file system's type by the kernel's table of mounts.

    `device` is the folder's device as `major:minor`, `path` where it is, without links.
    """
    longest, by_path, by_device = -1, "", ""
    for line in mounts.splitlines():
        place, _, kind = line.partition(" - ")
        fields, kind = place.split(" "), kind.partition(" ")[0]
        if len(fields) < 5:
            continue
        if fields[2] == device:
            by_device = kind
        point = _unescaped(fields[4])
        if len(point) >= longest and (path + "/").startswith(point.rstrip("/") + "/"):
            longest, by_path = len(point), kind
    return by_device or by_path


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
