"""Runs inside the jail: one JSON request a line on stdin, one JSON answer a line on stdout.

Never imported by the product, but by `guest.mjs` in Pyodide, which knows neither `ctypes` nor
`resource`; it needs the standard library only. Once it has said that it is
ready it shares its process with model-written code, which can forge its answers: whoever reads
them treats every line as untrusted text.
"""

import ast
import json
import linecache
import os
import signal
import sys
import time
import traceback
import types

OUTPUT_CHARACTERS = 20_000
ERROR_CHARACTERS = 3_000


def become(own):
    """Drop root and every capability; only where bubblewrap was started by root."""
    import ctypes

    libc = ctypes.CDLL(None)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    os.setgroups([])
    os.setresgid(own, own, own)
    os.setresuid(own, own, own)
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise SystemExit("capabilities could not be dropped")


def limit(settings):
    """Set every limit again from inside, in case the jail's own were wider."""
    import resource

    mb = 1 << 20
    wanted = {
        resource.RLIMIT_AS: settings["memory_mb"] * mb,
        resource.RLIMIT_FSIZE: settings["file_mb"] * mb,
        resource.RLIMIT_NPROC: settings["threads"],
        resource.RLIMIT_NOFILE: settings["files"],
        resource.RLIMIT_CPU: settings["cpu_s"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def open_channels():
    """Move the protocol off descriptors 0, 1 and 2; what code prints goes to an unlinked file."""
    asked, answered = os.dup(0), os.dup(1)
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    printed = os.open(".printed", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
    os.unlink(".printed")
    for descriptor in range(3, 64):
        if descriptor not in (asked, answered, printed):
            try:
                os.close(descriptor)
            except OSError:
                pass
    return asked, answered, printed


def clip(text, most):
    """Cut the middle out of a long text: results stand at the end."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    return f"{text[:head]}\n… {len(text) - most} characters cut …\n{text[head - most :]}"


def collect(printed):
    """Return what was printed since the last call, and forget it."""
    size = os.fstat(printed).st_size
    most = OUTPUT_CHARACTERS * 4
    data = os.pread(printed, min(size, most), 0)
    if size > most:
        data += b"\n[output cut]\n" + os.pread(printed, OUTPUT_CHARACTERS, size - OUTPUT_CHARACTERS)
    os.ftruncate(printed, 0)
    return clip(data.decode("utf-8", "replace"), OUTPUT_CHARACTERS)


def explain(error):
    """Return a traceback that begins in the model's own code."""
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        return clip(
            "".join(traceback.format_exception(type(error), error, trace, limit=-6)),
            ERROR_CHARACTERS,
        )
    except BaseException as second:  # its own __str__ may raise, or memory may be gone
        return f"{type(error).__name__} (cannot be shown: {type(second).__name__})"


def run(code, names, title):
    """Run code in a namespace that stays; the value of a last expression is printed."""
    linecache.cache[title] = (len(code), None, code.splitlines(True), title)
    tree = ast.parse(code, title)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, title, "exec"), names)
    if last is not None:
        value = eval(compile(last, title, "eval"), names)
        if value is not None:
            print(clip(repr(value), OUTPUT_CHARACTERS))


def too_long(_signal, _frame):
    """Interrupt code that runs over its time; what it had printed is kept."""
    raise TimeoutError("the code ran longer than its time limit")


def answer(request, number, names, printed):
    """Run one request and return the answer."""
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    out = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = out
    error, began = None, time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        run(request["code"], names, f"<program {number}>")
    except BaseException as raised:
        signal.setitimer(signal.ITIMER_REAL, 0)
        error = explain(raised)
    signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        out.flush()
        text = collect(printed)
    except (OSError, ValueError) as raised:
        error, text = error or explain(raised), ""
    seconds = round(time.perf_counter() - began, 6)
    # A full scratch folder would fail every later program, for nothing can be printed then.
    full = os.statvfs(".").f_bavail * os.statvfs(".").f_frsize < OUTPUT_CHARACTERS * 8
    return {"id": request["id"], "stdout": text, "error": error, "seconds": seconds, "full": full}


def main():
    """Confine, say ready, serve until stdin ends."""
    settings = json.loads(sys.argv[1])
    if settings["own"] is not None:
        become(settings["own"])
    if os.geteuid() == 0:
        raise SystemExit("code is never run as root")
    limit(settings)
    asked, answered, printed = open_channels()
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    sys.path[:] = [p for p in sys.path if p != os.path.dirname(__file__)]
    sys.path += [settings["site"], os.getcwd()]
    sys.argv[:] = [""]
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    signal.signal(signal.SIGALRM, too_long)

    def send(value):
        data = (json.dumps(value) + "\n").encode()
        while data:
            data = data[os.write(answered, data) :]

    send({"ready": True})
    for number, line in enumerate(os.fdopen(asked, "rb", closefd=False), 1):
        send(answer(json.loads(line), number, module.__dict__, printed))
    os._exit(0)


if __name__ == "__main__":
    main()
