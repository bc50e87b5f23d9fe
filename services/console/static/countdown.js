// Counts down to each <time data-until="…">, whose words for units the server gave.
const MINUTE = 60_000;

function left(milliseconds, units) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days) return units.days.replace("{d}", days).replace("{h}", hours);
  if (minutes) return units.hours.replace("{h}", hours).replace("{m}", rest);
  return milliseconds > 0 ? units.soon : units.over;
}

function tick() {
  for (const clock of document.querySelectorAll("time[data-until]")) {
    const text = left(Date.parse(clock.dataset.until) - Date.now(), clock.dataset);
    if (clock.textContent !== text) clock.textContent = text;
  }
}

export function countDown() {
  tick();
  setInterval(tick, 1000);
}
