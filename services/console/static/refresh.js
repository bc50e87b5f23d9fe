// Gets the page again and shows what differs, unless somebody is filling something in.
import { isClosed, lockedElsewhere } from "./lock.js";

const BY_ITSELF = { headers: { "Doorstroom-By-Itself": "yes" }, redirect: "manual", cache: "no-store" };
const OVER = 401;
let [isAsking, isWanted, isLeaving] = [false, false, false];
// What was sent has its own answer.
addEventListener("submit", () => (isLeaving = true), true);
addEventListener("pagehide", () => (isLeaving = true));

const content = (root) => root.getElementById("live");

function essence(root) {
  const copy = content(root).cloneNode(true);
  for (const part of copy.querySelectorAll("input[type=hidden], time[data-until]")) part.replaceWith();
  return copy.innerHTML;
}

const isTouched = (field) =>
  field.type === "radio" || field.type === "checkbox"
    ? field.checked !== field.defaultChecked
    : field.type !== "hidden" && field.value !== (field.defaultValue ?? field.querySelector("[selected]")?.value ?? field.options?.[0]?.value);

const isFilledIn = () =>
  [...content(document).querySelectorAll("input, select, textarea")].some(
    (field) => isTouched(field) || (field === document.activeElement && field.type !== "hidden"),
  );

// By what the focused thing is, not where: things move.
function path(element) {
  if (!element || !content(document).contains(element)) return null;
  const names = ["id", "href", "name", "value", "aria-label"].filter((name) => element.getAttribute(name));
  return element.localName + names.map((name) => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join("");
}

function put(fresh) {
  const focused = path(document.activeElement);
  document.getElementById("changed").hidden = true;
  const open = [...content(document).querySelectorAll("details[open][id]")].map((element) => element.id);
  content(document).replaceChildren(...content(fresh).childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) content(document).querySelector(focused)?.focus({ preventScroll: true });
}

function tellChanged() {
  document.getElementById("changed").hidden = false;
}

const whose = (root) => root.querySelector(".page-header__who")?.textContent;

async function once() {
  const answer = await fetch(location.href, BY_ITSELF);
  if (isLeaving || isClosed()) return;
  if (answer.status === OVER) return lockedElsewhere();
  if (answer.type === "opaqueredirect") return tellChanged();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (isLeaving || isClosed()) return;
  if (whose(fresh) !== whose(document)) return location.reload();
  if (essence(fresh) === essence(document)) return;
  if (isFilledIn()) tellChanged();
  else put(fresh);
}

export async function refresh() {
  isWanted = true;
  if (isAsking || isLeaving || isClosed()) return;
  isAsking = true;
  while (isWanted) {
    isWanted = false;
    // Without an answer the line is down too, and says so.
    await once().catch(() => {});
  }
  isAsking = false;
}
