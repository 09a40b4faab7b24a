/** Values as people read them. Pure: what is shown depends on the arguments, the page's language and time zone alone. */

/** The language of dates and numbers, set once from the settings; the browser's if that is empty. */
let language = /** @type {string | undefined} */ (undefined);

/** @type {Map<string, any>} */
const made = new Map();

/** A formatter, made when it is first used and then kept: making one takes longer than a hundred uses. @template Formatter @param {string} name @param {() => Formatter} make @returns {Formatter} */
const kept = (name, make) => made.get(name) ?? made.set(name, make()).get(name);

/** @param {string} value a BCP 47 language tag, or "" */
export function useLanguage(value) {
  language = value || undefined;
  made.clear();
}

/** A moment with its seconds, such as "30 Nov 2026, 09:15:02". @param {string} time RFC 3339 */
export function moment(time) {
  return kept("moment", () => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" })).format(new Date(time));
}

/** A sentence of the API, with its times as people read them. @param {string} text */
export function readable(text) {
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => moment(time));
}

/** How long ago or how far ahead a moment is, such as "5 minutes ago" or "in 2 hours". @param {string} time RFC 3339 @param {number} [now] milliseconds since the epoch */
export function relative(time, now = Date.now()) {
  const seconds = (new Date(time).getTime() - now) / 1000;
  const format = kept("relative", () => new Intl.RelativeTimeFormat(language, { numeric: "auto" }));
  const size = Math.abs(seconds);
  if (size < 60) return format.format(Math.round(seconds), "second");
  if (size < 3600) return format.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86_400), "day");
}

/** A duration, such as "12 ms" or "1.4 s". @param {number | null | undefined} milliseconds */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  if (milliseconds < 1000) return `${number(milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${number(Math.round(milliseconds / 100) / 10)} s`;
  return remaining(milliseconds / 1000).replace(/ 00 \w+$/, "");
}

/** A time that is left, such as "4 min 05 s". @param {number} seconds */
export function remaining(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  if (hours) return `${hours} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}

/** @param {number} value */
export function number(value) {
  return kept("number", () => new Intl.NumberFormat(language)).format(value);
}

/** A number with what it counts: "1 delivery", "2 deliveries". @type {(count: number, one: string, many?: string) => string} */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** A count that may have been cut off, such as "10,000+". @param {{ count: number, exact: boolean }} bounded */
export function bounded({ count, exact }) {
  return `${number(count)}${exact ? "" : "+"}`;
}

/** A share as a percentage, never rounded up to 100 % nor down to 0 %. @param {number | null | undefined} share 0 to 1 */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const shown = share > 0.999 && share < 1 ? 0.999 : share > 0 && share < 0.001 ? 0.001 : share;
  return kept("percent", () => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 })).format(shown);
}

/** A value of an enum in words: HTTP_ERROR becomes "HTTP error". @param {string} value */
export function words(value) {
  const text = value.toLowerCase().replaceAll("_", " ");
  return (text.charAt(0).toUpperCase() + text.slice(1)).replace(/\b(http|dns|tls|url)\b/gi, (word) => word.toUpperCase());
}

/** JSON with indentation; text that is not JSON stays as it is. @param {string} text */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
