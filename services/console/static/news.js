// An offer is also in the title, and told by the browser: that there is something, and no more.
import { isClosed } from "./lock.js";

const OFFERS = new Set(["offer-made", "offer-for-substitute", "offer-for-helpdesk"]);
const text = document.getElementById("news")?.content.textContent;
let unseen = 0;

function badge() {
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = unseen ? `(${unseen}) ${title}` : title;
}

const isSeen = () => !document.hidden && location.pathname === "/inbox" && !isClosed();

export function hear(kind) {
  if (!OFFERS.has(kind)) return;
  document.getElementById("heard").textContent = text;
  if (isSeen()) return;
  unseen += 1;
  badge();
  if (window.Notification?.permission !== "granted") return;
  try {
    // One for all pages of this browser, however many are open.
    const told = new Notification(text, { tag: "doorstroom", icon: document.querySelector("link[rel=icon]").href });
    told.onclick = () => {
      window.focus();
      location.assign("/inbox");
    };
  } catch {
    // Browsers on phones know these from workers only; the title and the page tell.
  }
}

function see() {
  if (!isSeen()) return;
  unseen = 0;
  badge();
}

export function askToTell() {
  document.addEventListener("visibilitychange", see);
  const question = document.getElementById("tell");
  if (!question || window.Notification?.permission !== "default") return;
  question.hidden = false;
  question.querySelector("button").addEventListener("click", async () => {
    await Notification.requestPermission();
    question.hidden = true;
  });
}
