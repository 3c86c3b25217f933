/** Words of models and pages, shown as what they are: data. Nothing in them loads, runs or hides. */

import { useId, useState, type ReactNode } from "react";
import Markdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import type { Citation, Support } from "./types";

const SHOWN: Components = {
  // A picture would be fetched from wherever the text says, and tell them who reads it.
  img: ({ alt, src }) => <span className="no-picture">[picture not loaded: {alt || String(src ?? "")}]</span>,
  a: ({ href, children }) => <Away href={href}>{children}</Away>,
};

/** A link that says where it leads, and tells the place nothing. */
export function Away({ href, children }: { href?: string; children: ReactNode }) {
  if (!href || !/^https?:\/\//i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

export function Prose({ text }: { text: string }) {
  return (
    <div className="prose">
      <Markdown remarkPlugins={[remarkGfm]} components={SHOWN} skipHtml>
        {text}
      </Markdown>
    </div>
  );
}

const BADGES: Record<Support, string> = { supported: "supported", contradicted: "disputed", unsure: "unchecked" };

export function Badge({ support }: { support: Support }) {
  return <span className={`badge ${support}`}>{BADGES[support]}</span>;
}

/** A numbered citation; its card shows the passage on hover, on focus and on a tap. */
export function Cite({ number, citation }: { number: number; citation: Citation }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <span className="cite" onMouseEnter={() => setOpen(true)} onMouseLeave={() => setOpen(false)}>
      <button
        type="button" className={`mark ${citation.support}`} aria-describedby={open ? id : undefined} aria-expanded={open}
        aria-label={`Source ${number}: ${citation.title ?? citation.source}`}
        onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onClick={() => setOpen(true)}
        onKeyDown={(e) => e.key === "Escape" && setOpen(false)}
      >
        {number}
      </button>
      {open && (
        <span role="tooltip" id={id} className="card">
          <Passage citation={citation} />
        </span>
      )}
    </span>
  );
}

export function Passage({ citation }: { citation: Citation }) {
  const lines = citation.line_start === null ? "" : `, line ${citation.line_start}${citation.line_end && citation.line_end !== citation.line_start ? `–${citation.line_end}` : ""}`;
  const about = [citation.author, citation.date, citation.read_at && `read ${citation.read_at.slice(0, 16).replace("T", " ")}`].filter(Boolean).join(" · ");
  return (
    <span className="passage">
      <span className="passage-head">
        <strong>{citation.title ?? citation.source}</strong> <Badge support={citation.support} />
      </span>
      <q>{citation.quote.length > 900 ? `${citation.quote.slice(0, 900)}…` : citation.quote}</q>
      <small>
        <Away href={citation.source}>{citation.source}</Away>
        {lines}
        {about && <> · {about}</>}
      </small>
    </span>
  );
}

export function Code({ text }: { text: string }) {
  return (
    <pre className="code" tabIndex={0}>
      <code>{text}</code>
    </pre>
  );
}
