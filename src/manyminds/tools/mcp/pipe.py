"""Begins a server and passes its lines on, none longer than a limit: a script of its own.

The client of the protocol reads a line however long it is; a server that never ends one would take
all memory. Run as `python -I -S pipe.py LIMIT COMMAND …`; it needs the standard library alone.
"""

import subprocess
import sys


def main(limit: int, command: list[str]) -> int:
    """Pass lines on until the server ends, or says too much."""
    try:
        server = subprocess.Popen(command, stdout=subprocess.PIPE)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    assert server.stdout is not None
    try:
        while line := server.stdout.readline(limit + 1):
            if len(line) > limit:
                sys.stderr.write(f"a line of more than {limit} bytes\n")
                return 1
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        return server.wait()
    except (BrokenPipeError, KeyboardInterrupt):
        return 0
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
