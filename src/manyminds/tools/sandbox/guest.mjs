// Runs Python programs in Pyodide, inside a Deno process that may read three things and do nothing
// else. Two threads: the first talks to the host and keeps the time; the second runs the programs,
// and can be interrupted, or ended with the process, whatever they do.
//
// The boundary is Deno's permissions, not Pyodide: a program that gets hold of JavaScript still has
// no network, no files, no environment and no processes.

const INTERRUPT = 2; // SIGINT, as Pyodide counts it
const PAGE = 65536;

function host(settings) {
  const interrupt = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(import.meta.url, { type: "module" });
  const lines = [];
  let busy = null;
  let ready = false;

  const send = (value) => {
    const data = new TextEncoder().encode(JSON.stringify(value) + "\n");
    for (let done = 0; done < data.length; ) done += Deno.stdout.writeSync(data.subarray(done));
  };
  const next = () => {
    if (!ready || busy !== null || lines.length === 0) return;
    const request = JSON.parse(lines.shift());
    Atomics.store(interrupt, 0, 0);
    const timer = setTimeout(() => Atomics.store(interrupt, 0, INTERRUPT), request.seconds * 1000);
    busy = { id: request.id, timer };
    thread.postMessage({ code: request.code });
  };
  thread.onerror = (event) => {
    console.error(event.message);
    Deno.exit(1);
  };
  thread.onmessage = ({ data }) => {
    if (data.ended) Deno.exit(1);
    if (data.ready) {
      ready = true;
      send({ ready: true });
    } else if (busy !== null) {
      clearTimeout(busy.timer);
      send({ ...JSON.parse(data.answer), id: busy.id });
      busy = null;
    }
    next();
  };
  thread.postMessage({ ...settings, interrupt });
  read(lines, next);
}

async function read(lines, next) {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    lines.push(...parts);
    next();
  }
  Deno.exit(0); // whoever asked is gone
}

const GLUE = `
import builtins, json, sys, time, types
sys.path.insert(0, "/jail")
import worker
sys.path.remove("/jail")
sys.path.append("/tmp")


class Printed:
    """What a program prints, up to a bound; programs may print for ever."""

    encoding = "utf-8"

    def __init__(self):
        self.parts, self.room = [], worker.OUTPUT_CHARACTERS * 4

    def write(self, text):
        if self.room > 0:
            self.parts.append(text[: self.room])
            self.room -= len(text)
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def text(self):
        cut = "\\n[output cut]\\n" if self.room < 0 else ""
        return worker.clip("".join(self.parts) + cut, worker.OUTPUT_CHARACTERS)


module = sys.modules["__main__"] = types.ModuleType("__main__")
number = 0


def answer(code):
    global number
    number += 1
    printed, error, began = Printed(), None, time.perf_counter()
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = printed
    try:
        worker.run(code, module.__dict__, f"<program {number}>")
    except KeyboardInterrupt:
        error = "TimeoutError: the code ran longer than its time limit"
    except BaseException as raised:
        error = worker.explain(raised)
    seconds = round(time.perf_counter() - began, 6)
    return json.dumps(
        {"stdout": printed.text(), "error": error, "seconds": seconds, "full": False}
    )
`;

function bound(memoryMb) {
  // Pyodide's memory grows through this call alone; refused, Python raises MemoryError. Memory that
  // a program takes by way of JavaScript is watched from outside.
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE > memoryMb * 2 ** 20) throw new RangeError("memory");
    return grow.call(this, pages);
  };
}

async function guest({ pyodide, worker, memory_mb, interrupt }) {
  bound(memory_mb);
  // Asking Deno for these would end the interpreter instead of the program.
  for (const name of ["getuid", "geteuid", "getgid", "getegid"]) globalThis.process[name] = () => 65534;
  // A program that ends its process ends this one, not only its own thread.
  const end = () => self.postMessage({ ended: true });
  globalThis.process.exit = globalThis.process.reallyExit = end;
  const source = Deno.readTextFileSync(worker);
  const { loadPyodide } = await import("file://" + pyodide + "/pyodide.mjs");
  const python = await loadPyodide({
    indexURL: pyodide,
    jsglobals: Object.create(null),
    env: { HOME: "/tmp", LANG: "C.UTF-8" },
    stdout: () => {},
    stderr: () => {},
  });
  python.FS.mkdirTree("/jail");
  python.FS.writeFile("/jail/worker.py", source);
  python.FS.chdir("/tmp");
  const names = python.globals.get("dict")();
  // Named like the worker, whose frames are left out of what a failed program is told.
  python.runPython(GLUE, { globals: names, filename: "/jail/worker.py" });
  const answer = names.get("answer");
  python.setInterruptBuffer(interrupt);
  self.onmessage = ({ data }) => {
    let said;
    try {
      said = answer(data.code);
    } catch (error) {
      // Interrupted between the program's end and its answer, or the interpreter is gone.
      if (error?.pyodide_fatal_error) return end();
      said = JSON.stringify({ stdout: "", error: String(error).slice(-3000), seconds: 0, full: false });
    }
    self.postMessage({ answer: said });
  };
  self.postMessage({ ready: true });
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data }) => guest(data);
} else {
  host(JSON.parse(Deno.args[0]));
}
