"""The filter of system calls, run by an interpreter of the kernel's BPF (linux/bpf_common.h)."""

from __future__ import annotations

import struct
import sys

import pytest

from safehouse.backends.seccomp import system_call_filter

TIOCSTI, TIOCLINUX, TCGETS = 0x5412, 0x541C, 0x5401
ALLOWED, EPERM, ENOSYS = "allowed", "EPERM", "ENOSYS"
X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
IOCTL = {X86_64: 16, AARCH64: 29}
KEYS = {X86_64: {248, 249, 250}, AARCH64: {217, 218, 219}}
MACHINES = [("x86_64", X86_64), ("aarch64", AARCH64)]


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> str:
    """What the kernel does with a system call. Raises AssertionError for what it would not load."""
    steps = list(struct.iter_unpack("=HBBI", program))
    arguments += (0,) * (6 - len(arguments))
    data = struct.pack("=IIQ6Q", number, architecture, 0x7FFF00000000, *arguments)
    accumulator = place = 0
    for _ in range(len(steps) + 1):
        assert place < len(steps), "it runs off its end"
        code, if_true, if_false, value = steps[place]
        place += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            assert value % 4 == 0 and value + 4 <= len(data)
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code in (0x15, 0x25, 0x35):  # BPF_JMP | BPF_JEQ, BPF_JGT, BPF_JGE | BPF_K
            holds = {
                0x15: accumulator == value,
                0x25: accumulator > value,
                0x35: accumulator >= value,
            }
            place += if_true if holds[code] else if_false
        elif code == 0x06:  # BPF_RET | BPF_K
            return {0x7FFF0000: ALLOWED, 0x00050001: EPERM, 0x00050026: ENOSYS}[value]
        else:
            raise AssertionError(f"an instruction that is not known: {code:#x}")
    raise AssertionError("it does not end")


@pytest.fixture(params=MACHINES, ids=[name for name, _ in MACHINES])
def machine(request):
    name, architecture = request.param
    return system_call_filter(name), architecture, IOCTL[architecture]


@pytest.mark.parametrize("request_", [TIOCSTI, TIOCLINUX])
@pytest.mark.parametrize("high", [0, 1 << 32, 0xFFFFFFFF << 32])
def test_typing_into_the_terminal_is_refused_whatever_the_high_half_says(machine, request_, high):
    """The kernel looks at the low half of the argument only."""
    program, architecture, ioctl = machine
    for descriptor in (0, 1, 255):
        assert verdict(program, architecture, ioctl, descriptor, request_ | high) == EPERM


def test_all_other_requests_to_a_terminal_are_allowed(machine):
    program, architecture, ioctl = machine
    for request in (TCGETS, TIOCSTI - 1, TIOCSTI + 1, TIOCLINUX - 1, TIOCLINUX + 1, 0, 0xFFFFFFFF):
        assert verdict(program, architecture, ioctl, 0, request) == ALLOWED


def test_all_other_calls_are_allowed(machine):
    program, architecture, ioctl = machine
    for number in {*range(600), 0x3FFFFFFF} - {ioctl} - KEYS[architecture]:
        assert verdict(program, architecture, number, 0, TIOCSTI) == ALLOWED


def test_keyrings_do_not_exist(machine):
    program, architecture, _ = machine
    for number in KEYS[architecture]:
        assert verdict(program, architecture, number, 11) == ENOSYS


def test_calls_by_the_numbers_of_another_architecture_are_refused(machine):
    program, architecture, _ = machine
    for foreign in {X86_64, I386, AARCH64, ARM, 0, 0xFFFFFFFF} - {architecture}:
        for number in (16, 29, 54, 0, 511):
            assert verdict(program, foreign, number, 0, TCGETS) == EPERM


def test_x32_does_not_exist():
    """Its ioctl has another number, 0x40000000 + 514."""
    program = system_call_filter("x86_64")
    for number in (0x40000000, 0x40000000 + 514, 0x40000000 + 16, 0xFFFFFFFF):
        assert verdict(program, X86_64, number, 0, TIOCSTI) == ENOSYS


@pytest.mark.parametrize("name", ["i686", "armv7l", "riscv64", "ppc64le", "", "X86_64 "])
def test_an_unknown_machine_gets_none(name):
    if name:
        assert system_call_filter(name) == b""
    else:
        assert system_call_filter() == system_call_filter(name)


def test_it_is_in_the_byte_order_of_this_machine(machine):
    program, *_ = machine
    assert len(program) % 8 == 0
    first = int.from_bytes(program[:2], sys.byteorder)
    assert first == 0x20
