/**
 * Charts as SVG of our own. Each has a text alternative, since a picture alone tells a screen reader nothing.
 *
 * @typedef {{ since: string, succeeded: number, failed: number }} Bucket
 */

import { moment, number, svg } from "../lib/index.js";

/**
 * Bars of what succeeded and failed in each bucket, oldest first.
 *
 * @param {readonly Bucket[]} buckets
 * @param {string} label what it shows, for its text alternative
 * @param {string} [kind] "strip" in a table's row, "chart" on a page
 */
export function outcomeBars(buckets, label, kind = "strip") {
  const most = Math.max(1, ...buckets.map(({ succeeded, failed }) => succeeded + failed));
  const [succeeded, failed] = [sum(buckets.map((b) => b.succeeded)), sum(buckets.map((b) => b.failed))];
  const name = `${label}: ${number(succeeded)} succeeded, ${number(failed)} failed`;
  const bars = buckets.map((bucket, index) => bar(bucket, index, most));
  return svg("svg", { class: kind, role: "img", "aria-label": name, viewBox: `0 0 ${buckets.length || 1} 1`, preserveAspectRatio: "none" }, ...bars);
}

/** @param {Bucket} bucket @param {number} x @param {number} most */
function bar({ since, succeeded, failed }, x, most) {
  const [bad, good] = [failed / most, succeeded / most];
  const title = svg("title", {}, `${moment(since)}: ${number(succeeded)} succeeded, ${number(failed)} failed`);
  const part = (/** @type {string} */ kind, /** @type {number} */ y, /** @type {number} */ height) =>
    svg("rect", { class: kind, x: x + 0.1, y, width: 0.8, height });
  if (succeeded + failed === 0) return svg("g", {}, title, part("none", 0.96, 0.04));
  return svg("g", {}, title, part("succeeded", 1 - good, good), part("failed", 1 - good - bad, bad));
}

/** Lines over time, such as percentiles; a gap stays a gap. @param {readonly { name: string, values: readonly (number | null)[] }[]} lines @param {string} label its text alternative */
export function lineChart(lines, label) {
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const width = Math.max(1, ...lines.map(({ values }) => values.length - 1));
  const classes = ["line", "line second", "line third"];
  const paths = lines.map(({ name, values }, index) =>
    svg("path", { class: classes[index % 3], d: path(values, most) }, svg("title", {}, name)),
  );
  return svg("svg", { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none" }, ...paths);
}

/** Parts of a whole, side by side. @type {(parts: readonly { name: string, took: number }[], label: string) => SVGElement} */
export function partsBar(parts, label) {
  const whole = sum(parts.map(({ took }) => took)) || 1;
  let x = 0;
  const pieces = parts.map(({ name, took }, index) => {
    x += took;
    return svg("rect", { class: `part-${index % 6}`, x: x - took, y: 0, width: took, height: 1 }, svg("title", {}, name));
  });
  return svg("svg", { class: "parts", role: "img", "aria-label": label, viewBox: `0 0 ${whole} 1`, preserveAspectRatio: "none" }, ...pieces);
}

/** @param {readonly (number | null)[]} values @param {number} most */
function path(values, most) {
  let pen = "M";
  return values
    .map((value, x) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${x} ${(1 - value / most).toFixed(4)}`;
      pen = "L";
      return step;
    })
    .join("");
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
