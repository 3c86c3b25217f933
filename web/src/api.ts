/** The server, as the page speaks to it: one key, JSON, and events that go on where they broke off. */

import type { Recorded, Words } from "./types";

const BASE = new URL(".", document.baseURI);
const KEPT = "manyminds.key";

export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Take the key from behind the `#`, where no server sees it, and take it out of the address. */
export function takeKey(): void {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found?.[1]) return;
  const given = decodeURIComponent(found[1]);
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  // A link that somebody sent holds their key: what is asked with it is theirs to read.
  const other = key() !== "" && key() !== given;
  if (!other || confirm("Use the key in this address instead of yours? Its owner will see what you ask.")) setKey(given);
}

export const key = (): string => sessionStorage.getItem(KEPT) ?? "";
export const setKey = (value: string): void => sessionStorage.setItem(KEPT, value.trim());

function headers(more: Record<string, string> = {}): Record<string, string> {
  return { Authorization: `Bearer ${key()}`, ...more };
}

async function sent(path: string, init: RequestInit): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(new URL(path, BASE), init);
  } catch {
    throw new Refused(0, "the server cannot be reached; is `manyminds serve` still running?");
  }
  if (reply.ok) return reply;
  const body = (await reply.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Refused(reply.status, body?.error?.message ?? `the server answered ${reply.status}`);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await sent(path, { headers: headers(), signal })).json() as Promise<T>;
}

export async function post<T>(path: string, body: unknown = {}, more: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const init = { method: "POST", body: JSON.stringify(body), headers: headers({ "Content-Type": "application/json", ...more }), signal };
  return (await sent(path, init)).json() as Promise<T>;
}

export async function download(path: string, name: string): Promise<void> {
  const blob = await (await sent(path, { headers: headers() })).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export interface Follower {
  onEvent: (recorded: Recorded) => void;
  onWords: (words: Words) => void;
  onState: (state: "live" | "reconnecting" | "done" | "failed", why?: string) => void;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Follow a run until it is over. A connection that breaks is taken up after the last event seen. */
export function follow(run: string, to: Follower): () => void {
  const stop = new AbortController();
  void (async () => {
    let seen = -1;
    let wait = FIRST_WAIT;
    let over = false;
    while (!stop.signal.aborted && !over) {
      try {
        const more: Record<string, string> = seen >= 0 ? { "Last-Event-ID": String(seen) } : {};
        const reply = await sent(`v1/runs/${run}/events`, { headers: headers(more), signal: stop.signal });
        to.onState("live");
        for await (const message of messages(reply)) {
          wait = FIRST_WAIT;
          if (message.event === "words") {
            to.onWords(JSON.parse(message.data) as Words);
            continue;
          }
          const recorded = JSON.parse(message.data) as Recorded;
          if (recorded.number <= seen) continue;
          seen = recorded.number;
          to.onEvent(recorded);
          if (recorded.event.kind === "run_ended") over = true;
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof Refused && error.status >= 400 && error.status < 500 && error.status !== 429) {
          to.onState("failed", error.message);
          return;
        }
      }
      if (over) break;
      try {
        // One that could not be worked, or was cancelled before it began, has no last event.
        const told = await get<{ state: string; missing?: string[] }>(`v1/runs/${run}`, stop.signal);
        if (told.state === "failed" || told.state === "finished") {
          to.onState("failed", told.missing?.join("; ") || "the run is over, and never began");
          return;
        }
      } catch (error) {
        if (stop.signal.aborted || (error instanceof Refused && [401, 403, 404].includes(error.status))) {
          if (!stop.signal.aborted) to.onState("failed", (error as Error).message);
          return;
        }
      }
      to.onState("reconnecting");
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
    if (over) to.onState("done");
  })();
  return () => stop.abort();
}

async function* messages(reply: Response): AsyncGenerator<{ event: string; data: string }> {
  const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    let end = held.indexOf("\n\n");
    while (end >= 0) {
      const fields = new Map(held.slice(0, end).split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }));
      held = held.slice(end + 2);
      if (fields.has("data")) yield { event: fields.get("event") ?? "message", data: fields.get("data")! };
      end = held.indexOf("\n\n");
    }
  }
}
