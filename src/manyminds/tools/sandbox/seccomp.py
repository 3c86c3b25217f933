"""System calls that code in the jail may not make: one list, in the two forms jails read.

A network namespace does not cover every socket family, and unprivileged user namespaces can be
made inside a jail, so this list is part of the isolation and not an extra. New processes are
refused too: the memory limit is per process, and forks would multiply it. Numbers are those of
the kernel's own tables (`unistd_64.h` for x86_64, `asm-generic/unistd.h` for aarch64).
"""

import platform
import struct

__all__ = ["seccomp_bpf", "seccomp_kafel", "supported"]

# name: (x86_64, aarch64); None where the call does not exist.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # the file system tree
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    # namespaces and other processes
    "unshare": (272, 97), "setns": (308, 268), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # large kernel interfaces that arithmetic does not need
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "lookup_dcookie": (212, 18), "syslog": (103, 116),
    "vhangup": (153, 58), "personality": (135, 92), "mbind": (237, 235),
    "set_mempolicy": (238, 237), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    "uselib": (134, None), "ustat": (136, None), "sysfs": (139, None),
    # memory that the address-space limit does not see
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "vmsplice": (278, 75),
    # sockets of every family, and new processes
    "socket": (41, 198), "fork": (57, None), "vfork": (58, None),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKETPAIR, _IOCTL = (56, 220), (435, 435), (53, 199), (16, 29)
_CLONE_THREAD = 0x0001_0000
_AF_UNIX = 1
_PUSH_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into somebody's terminal
_EPERM, _ENOSYS = 1, 38
_COLUMNS = {"x86_64": 0, "aarch64": 1, "arm64": 1}
_AUDIT = (0xC000_003E, 0xC000_00B7)
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def supported() -> bool:
    """Say whether the call numbers of this machine are known."""
    return platform.machine() in _COLUMNS


def _denied(column: int) -> list[int]:
    return [number for row in _DENIED.values() if (number := row[column]) is not None]


def _op(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _load(offset: int) -> bytes:
    return _op(0x20, 0, 0, offset)


def _return(value: int) -> bytes:
    return _op(0x06, 0, 0, value)


def seccomp_bpf(machine: str | None = None) -> bytes:
    """Return the policy as a classic BPF program, as bubblewrap reads it."""
    column = _COLUMNS[machine or platform.machine()]
    refuse, missing, allow = _return(_ERRNO | _EPERM), _return(_ERRNO | _ENOSYS), _return(_ALLOW)
    program = [_load(4), _op(0x15, 1, 0, _AUDIT[column]), _return(_KILL), _load(0)]
    if column == 0:
        program += [_op(0x35, 0, 1, 0x4000_0000), missing]  # the x32 table of the same machine
    for number in _denied(column):
        program += [_op(0x15, 0, 1, number), refuse]
    # clone3 keeps its flags in memory, out of a filter's sight: libc then falls back to clone.
    program += [_op(0x15, 0, 1, _CLONE3[column]), missing]
    program += [_op(0x15, 0, 4, _CLONE[column]), _load(16)]
    program += [_op(0x45, 1, 0, _CLONE_THREAD), refuse, allow]
    program += [_op(0x15, 0, 4, _SOCKETPAIR[column]), _load(16)]
    program += [_op(0x15, 1, 0, _AF_UNIX), refuse, allow]
    program += [_op(0x15, 0, 5, _IOCTL[column]), _load(24)]
    program += [_op(0x15, 1, 0, _PUSH_INPUT[0]), _op(0x15, 0, 1, _PUSH_INPUT[1]), refuse, allow]
    return b"".join([*program, allow])


def seccomp_kafel(machine: str | None = None) -> str:
    """Return the same policy in nsjail's language; by number, since it lacks some names."""
    column = _COLUMNS[machine or platform.machine()]
    first, second = _PUSH_INPUT
    rules = [f"SYSCALL[{number}]" for number in _denied(column)]
    rules += [
        f"SYSCALL[{_CLONE[column]}](flags) {{ (flags & {_CLONE_THREAD:#x}) == 0 }}",
        f"SYSCALL[{_SOCKETPAIR[column]}](family) {{ family != {_AF_UNIX} }}",
        f"SYSCALL[{_IOCTL[column]}](fd, cmd) {{ cmd == {first:#x} || cmd == {second:#x} }}",
    ]
    return (
        f"POLICY jail {{ ERRNO({_EPERM}) {{ {', '.join(rules)} }}, "
        f"ERRNO({_ENOSYS}) {{ SYSCALL[{_CLONE3[column]}] }} }} USE jail DEFAULT ALLOW"
    )
