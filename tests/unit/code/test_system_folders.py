"""Which files are the operating system's own business, and which are somebody's data."""

import pytest

from headrace.code.tracing import is_system_file

DATA = [
    *("/dev/shm/table.arrow", "/run/user/1000/a.csv", "/run/media/me/disk/a.csv", "/run/secrets/key", "/etc/app.toml"),
    *("/usr/local/data/a.csv", "/usr/local/share/app/a.json", "/srv/a.csv", "/opt/a.csv", "/home/me/etc/a.csv"),
]
SYSTEM = [
    *("/proc/self/stat", "/sys/devices/system/cpu/online", "/dev/null", "/dev/urandom", "/etc/ld.so.cache"),
    *("/etc/localtime", "/etc/ssl/certs/ca.pem", "/usr/share/zoneinfo/Europe/Berlin", "/usr/lib/locale/locale-archive"),
    *("/usr/local/lib/libx.so", "/etc/resolv.conf", "/etc/hosts", "/lib64/libc.so.6"),
]


@pytest.mark.parametrize("path", DATA)
def test_files_beside_the_systems_own_count(path: str):
    assert not is_system_file(path)


@pytest.mark.parametrize("path", SYSTEM)
def test_files_of_the_system_do_not_count(path: str):
    assert is_system_file(path)
