"""Which file system a folder is on, by the kernel's table of mounts."""

import pytest

from headrace.stores.filesystems import NETWORK_TYPES, mounted_type

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:45 / /home rw,relatime shared:7 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/me/local rw,relatime - xfs /dev/sdb1 rw
32 22 0:50 / /mnt/team\\040share rw - cifs //server/team rw
33 22 0:52 / /mnt/bucket rw - fuse.s3fs s3fs rw
34 22 0:60 / /homely rw - btrfs /dev/sdc rw
broken line
"""


@pytest.mark.parametrize(
    ("device", "path", "kind"),
    [
        ("8:1", "/srv/project", "ext4"),
        ("0:45", "/home/me/project", "nfs4"),
        ("8:2", "/home/me/local/project", "xfs"),
        ("0:50", "/mnt/team share/project", "cifs"),
        ("0:52", "/mnt/bucket", "fuse.s3fs"),
    ],
)
def test_a_folder_is_on_the_file_system_of_its_device(device, path, kind):
    assert mounted_type(MOUNTS, device, path) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "nfs4"),
        ("/home/me/local", "xfs"),
        ("/homely/x", "btrfs"),
        ("/mnt/team share", "cifs"),
        ("/", "ext4"),
    ],
)
def test_an_unknown_device_goes_by_the_longest_mount_point(path, kind):
    assert mounted_type(MOUNTS, "0:99", path) == kind


def test_without_a_table_nobody_can_say():
    assert mounted_type("", "8:1", "/srv") == ""


def test_local_file_systems_are_no_network():
    assert NETWORK_TYPES.isdisjoint({"ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk", "virtiofs"})
