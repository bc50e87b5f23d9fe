// What is live on every page. Without it everything works, and stands still.
import { countDown } from "./countdown.js";
import { followLine } from "./line.js";
import { watchIdleness } from "./lock.js";
import { askToTell } from "./news.js";

countDown();
const page = document.documentElement.dataset;
if (page.lockSeconds) watchIdleness(Number(page.lockSeconds) * 1000);
if (page.live) followLine();
askToTell();

// What was just done is told once, and not again by the back button.
const address = new URL(location.href);
if (address.searchParams.has("told")) {
  address.searchParams.delete("told");
  history.replaceState(null, "", address);
}
// A page that the browser kept whole is of before: whoever looks may be somebody else by now.
addEventListener("pageshow", (shown) => shown.persisted && location.reload());
