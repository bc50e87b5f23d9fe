// One live line for all pages of a browser: whichever holds it tells the others what comes.
import { refresh } from "./refresh.js";
import { hear } from "./news.js";

const [FIRST_WAIT, LONGEST_WAIT, OFTEN] = [1_000, 30_000, 60_000];
const others = "BroadcastChannel" in window ? new BroadcastChannel("line") : null;
let [isUp, isHolder, wait, last] = [false, false, FIRST_WAIT, ""];
let line = null;

function show(up) {
  // After a break there may be something that nobody said.
  if (up && !isUp) refresh();
  isUp = up;
  const sign = document.getElementById("line-down");
  if (sign) sign.hidden = up;
}

function tell(message) {
  take(message);
  others?.postMessage(message);
}

function take({ up, kind, asks }) {
  if (asks && isHolder) others.postMessage({ up: isUp });
  if (up !== undefined) show(up);
  if (kind) {
    hear(kind);
    refresh();
  }
}

function connect() {
  line?.close();
  line = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : "/live");
  line.addEventListener("line-open", () => {
    wait = FIRST_WAIT;
    tell({ up: true });
  });
  line.addEventListener("news", (event) => {
    last = event.lastEventId;
    tell({ kind: event.data });
  });
  line.addEventListener("error", () => {
    tell({ up: false });
    // The browser connects again where it was, unless it got another answer than a stream: then we do.
    if (line.readyState !== EventSource.CLOSED || !navigator.onLine) return;
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
    refresh();
  });
}

function hold() {
  isHolder = true;
  connect();
  // For as long as this page is open.
  return new Promise(() => {});
}

export function followLine() {
  if (others) others.onmessage = ({ data }) => take(data);
  others?.postMessage({ asks: true });
  if (others && navigator.locks) navigator.locks.request("line", hold);
  else hold();
  // A line that was open when the network went may seem open for long.
  addEventListener("offline", () => {
    line?.close();
    show(false);
  });
  addEventListener("online", () => isHolder && connect());
  // What changes without news for us, such as the places of others in a line.
  setInterval(() => document.hidden || refresh(), OFTEN);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
