// Closes a page at which nobody moves: what was on it is gone, here and on the server. It still hears.
const SIGNS = ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"];
const [OFTEN, NOTED] = [1_000, 60_000];
const others = "BroadcastChannel" in window ? new BroadcastChannel("idleness") : null;
let [moved, noted] = [Date.now(), Date.now()];
let isLocked = false;

export const isClosed = () => isLocked;

function close() {
  isLocked = true;
  const back = new URLSearchParams({ to: location.pathname + location.search });
  document.title = "doorstroom";
  const [header, main] = ["header", "main"].map((name) => document.querySelector(name));
  header.remove();
  main.replaceChildren(document.getElementById("locked").content.cloneNode(true));
  main.querySelector("a").href = `/sign-in?${back}`;
}

async function lock() {
  if (isLocked) return;
  const mark = document.getElementById("mark").content.textContent;
  close();
  // Without a line the page stays closed, and the server ends the session in its own time.
  await fetch("/lock", { method: "POST", body: new URLSearchParams({ mark }) }).catch(() => {});
}

// The server shows nothing any more: the session is over, or another page has closed itself.
export function lockedElsewhere() {
  if (!isLocked) location.reload();
}

export function watchIdleness(longest) {
  const note = () => {
    moved = Date.now();
    if (isLocked || moved - noted < NOTED) return;
    noted = moved;
    others?.postMessage("here");
    fetch("/here", { redirect: "manual" }).catch(() => {});
  };
  const look = () => Date.now() - moved > longest && lock();
  for (const sign of SIGNS) addEventListener(sign, note, { passive: true, capture: true });
  if (others) others.onmessage = () => (moved = Date.now());
  // Clocks of pages that sleep stand still: so the time is looked at, and not counted.
  setInterval(look, OFTEN);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
