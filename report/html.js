// The timeline with zoom and cursor, by uPlot, in place of the drawing. The page is
// complete without it; colours are read from the drawing, so that there is one palette.
(() => {
  "use strict";
  const figure = document.getElementById("live");
  const drawing = figure && figure.querySelector("svg");
  if (!drawing || matchMedia("(forced-colors: active)").matches) return;
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (name, props, ...children) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(props || {})) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };

  const count = (v) => v == null ? "none" : v.toLocaleString("en", { maximumFractionDigits: v < 10 ? 2 : 0 });
  const two = (v) => String(v).padStart(2, "0");
  const clock = (s, digits) => {
    if (data.span < 120) return s.toFixed(digits) + " s";
    const whole = Math.floor(s);
    const minutes = Math.floor(whole / 60);
    const seconds = two(whole % 60) + (digits ? (s - whole).toFixed(digits).slice(1) : "");
    return data.span < 3600 ? minutes + ":" + seconds : Math.floor(minutes / 60) + ":" + two(minutes % 60) + ":" + seconds;
  };
  const long = (ms) => {
    if (ms == null) return "none";
    const [v, unit] = ms < 1 ? [ms * 1000, "µs"] : ms < 1000 ? [ms, "ms"] : [ms / 1000, "s"];
    return Number(v.toPrecision(3)) + " " + unit;
  };

  // A colour of the drawing, as the page's style has it now.
  const colour = (selector, what) => {
    const e = drawing.querySelector(selector);
    return e ? getComputedStyle(e)[what] : "#57606a";
  };
  let ink;
  const readInk = () => {
    ink = {
      text: colour(".c-soft", "fill"), title: colour(".c-title", "fill"), grid: colour(".c-grid", "stroke"),
      axis: colour(".c-axis", "stroke"), edge: colour(".c-edge", "stroke"), band: colour(".c-band", "fill"),
      blue: colour(".c-blue", "stroke"), red: colour(".c-fill-red", "fill"), green: colour(".c-green", "stroke"),
      plum: colour(".c-plum", "stroke"), ref: colour(".c-ref", "stroke"),
    };
  };
  readInk();
  const faint = (c, alpha) => c.replace(/^rgba?\(([^,]+),([^,]+),([^,)]+).*$/, "rgba($1,$2,$3," + alpha + ")");

  // Each value stands at the end of its step, but those of the load, which are steps.
  const times = data.usable.map((_, i) => (i + 1) * data.step);
  const loadTimes = (data.answers || []).map((_, i) => i * data.loadStep);
  const closed = (values) => [...values, values[values.length - 1]]; // a step goes on to its end
  if (data.loadStep) loadTimes.push(Math.max(data.end, loadTimes[loadTimes.length - 1] + 1e-6));
  const stepped = uPlot.paths.stepped({ align: 1 });
  const bars = uPlot.paths.bars({ size: [0.9, Infinity], align: -1 });
  const panels = [{
    title: "Usable clients", x: times, most: Math.max(...data.usable, data.baseline, 1), reference: data.baseline,
    series: [{ of: data.usable, stroke: () => ink.blue, fill: () => faint(ink.blue, 0.16) }], format: count,
  }, {
    title: "Connection attempts per " + long(data.step * 1000) + ", failed ones at the bottom", short: "Attempts per " + long(data.step * 1000), x: times, most: Math.max(...data.attempts, 1),
    series: [
      { of: data.attempts, width: 0, fill: () => ink.blue, paths: bars },
      { of: data.failed, width: 0, fill: () => ink.red, paths: bars },
    ], format: count,
  }];
  if (data.loadStep) {
    panels.push({
      title: "Answers per second", x: loadTimes, most: Math.max(...data.answers, data.rate, 1), reference: data.rate,
      series: [{ of: closed(data.answers), stroke: () => ink.green, fill: () => faint(ink.green, 0.16), paths: stepped }], format: count,
    }, {
      title: "Response time, p99 (log scale)", x: loadTimes, log: true,
      series: [{ of: closed(data.p99), stroke: () => ink.plum, paths: stepped, spanGaps: false }], format: long,
    });
  }

  const dashed = (ctx, at, top, bottom, dash, width) => {
    ctx.beginPath();
    ctx.setLineDash(dash.map((d) => d * devicePixelRatio));
    ctx.lineWidth = width * devicePixelRatio;
    ctx.moveTo(at, top);
    ctx.lineTo(at, bottom);
    ctx.stroke();
  };
  // The bands and edges of the faults, and where phases begin, behind the series.
  const backdrop = (first) => (u) => {
    const { ctx, bbox } = u;
    const at = (t) => u.valToPos(t, "x", true);
    const right = bbox.left + bbox.width, bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - (first ? 40 * devicePixelRatio : 0), bbox.width, bbox.height + 40 * devicePixelRatio);
    ctx.clip();
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    let free = bbox.left;
    for (const p of data.phases) {
      ctx.strokeStyle = ink.grid;
      dashed(ctx, at(p.from), bbox.top, bottom, [], 1);
      const from = Math.max(at(p.from), bbox.left), width = ctx.measureText(p.name).width;
      if (first && from >= free && from + width < Math.min(at(p.to), right)) {
        ctx.fillStyle = ink.text;
        ctx.fillText(p.name, from + 3, bbox.top - 22 * devicePixelRatio);
        free = from + width + 8;
      }
    }
    free = bbox.left;
    for (const f of data.faults) {
      const from = at(f.from);
      ctx.fillStyle = faint(ink.band, 0.22);
      ctx.fillRect(from, bbox.top, Math.max(at(f.to) - from, 2), bbox.height);
      ctx.strokeStyle = ink.edge;
      dashed(ctx, from, bbox.top, bottom, [4, 3], 1.2);
      if (f.confirmed) dashed(ctx, at(f.confirmed), bbox.top, bottom, [], 1.6);
      if (f.cleared) dashed(ctx, at(f.cleared), bbox.top, bottom, [1, 3], 1.2);
      const label = Math.max(from, bbox.left);
      if (first && label >= free && at(f.to) > bbox.left && from < right) {
        ctx.fillStyle = ink.edge;
        ctx.fillText(f.name, label + 3, bbox.top - 6 * devicePixelRatio);
        free = label + ctx.measureText(f.name).width + 8;
      }
    }
    ctx.restore();
  };
  const reference = (value) => (u) => {
    if (!value) return;
    const { ctx, bbox } = u, y = u.valToPos(value, "y", true);
    ctx.save();
    ctx.strokeStyle = ink.ref;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = 1.2 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  };

  const readout = make("p", { class: "readout", role: "status" });
  const stage = make("div", {
    class: "stage", tabindex: "0", role: "group", "aria-label": "Timeline, zoomable", "aria-describedby": "timeline-d live-keys",
  });
  const charts = [];
  const whole = { min: 0, max: data.span };
  const floor = Math.max(data.step * 4, 1e-6);
  let zooming = false;
  const zoom = (min, max) => {
    const width = Math.min(Math.max(max - min, floor), data.span);
    min = Math.max(0, Math.min(min, data.span - width));
    zooming = true;
    for (const u of charts) u.setScale("x", { min, max: min + width });
    zooming = false;
  };
  let instant = null; // where the cursor is, in seconds
  const tell = (t) => {
    instant = t;
    if (t == null) {
      readout.textContent = "";
      return;
    }
    const i = Math.min(Math.max(Math.ceil(t / data.step - 1e-9) - 1, 0), data.usable.length - 1);
    const phase = data.phases.find((p) => t >= p.from && t < p.to);
    let text = clock(t, data.span < 20 ? 2 : 1) + (phase ? ", " + phase.name : "") + ": " + count(data.usable[i]) + " usable, " +
      count(data.attempts[i]) + " attempts, " + count(data.failed[i]) + " failed";
    if (data.loadStep) {
      const j = Math.min(Math.floor(t / data.loadStep), data.answers.length - 1);
      text += ", " + count(data.answers[j]) + " answers/s, p99 " + long(data.p99[j]);
    }
    const faults = data.faults.filter((f) => t >= f.from && t <= f.to).map((f) => f.name);
    readout.textContent = text + (faults.length ? ", fault " + faults.join(", ") : "");
  };
  const point = (t) => {
    t = Math.min(Math.max(t, 0), data.end);
    const { min, max } = charts[0].scales.x;
    if (t < min || t > max) zoom(t - (max - min) / 2, t + (max - min) / 2);
    for (const u of charts) u.setCursor({ left: u.valToPos(t, "x"), top: 20 }, false);
    tell(t);
  };

  const decades = (u, axis, min, max) => {
    const all = [];
    for (let e = Math.ceil(Math.log10(min) - 1e-9); e <= Math.log10(max) + 1e-9; e++) all.push(10 ** e);
    const every = Math.ceil(all.length / 6);
    return all.filter((_, i) => i % every === 0);
  };

  const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

  const height = (first) => (first ? 178 : 142);
  const options = (p, first, last, width) => ({
    width, height: height(first) + (last ? 26 : 0), padding: [first ? 60 : 30, 14, last ? 0 : 8, 0], legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: "timeline", setSeries: false, scales: ["x", null] }, points: { size: 6 } },
    scales: {
      x: { time: false, range: (u, min, max) => [min == null ? 0 : min, max == null ? data.span : max] },
      y: p.log ? { distr: 3 } : { range: [0, p.most * 1.06] },
    },
    axes: [{
      show: last, stroke: () => ink.text, font: "11px system-ui, sans-serif", size: 26, gap: 3, space: 60, incrs: steps,
      grid: { show: false }, ticks: { stroke: () => ink.axis, size: 4 },
      values: (u, splits) => { const d = splits.length > 1 && splits[1] - splits[0] < 1 ? Math.ceil(-Math.log10(splits[1] - splits[0]) - 1e-9) : 0; return splits.map((v) => clock(v, d)); },
    }, {
      stroke: () => ink.text, font: "11px system-ui, sans-serif", size: 58, gap: 4, space: p.log ? 22 : 26,
      grid: { stroke: () => ink.grid, width: 1 }, ticks: { show: false },
      values: (u, splits) => splits.map(p.format),
      ...(p.log ? { splits: decades } : {}),
    }],
    series: [{}, ...p.series.map(({ of, ...s }) => ({ width: 1.8, ...s, points: { show: false } }))],
    hooks: {
      drawClear: [backdrop(first)],
      draw: [reference(p.reference), (u) => {
        u.ctx.save();
        u.ctx.textAlign = "left";
        u.ctx.textBaseline = "alphabetic";
        u.ctx.font = "600 " + 12.5 * devicePixelRatio + "px system-ui, sans-serif";
        u.ctx.fillStyle = ink.title;
        u.ctx.fillText(u.width < 520 && p.short || p.title, u.bbox.left, u.bbox.top - (first ? 42 : 9) * devicePixelRatio);
        u.ctx.restore();
      }],
      setSelect: [(u) => {
        if (u.select.width > 4) zoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(u) => {
        if (zooming || u.cursor.event == null) return;
        tell(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null);
      }],
    },
  });

  const width = () => Math.max(stage.clientWidth, 240);
  const build = () => {
    for (const u of charts.splice(0)) u.destroy();
    panels.forEach((p, i) => {
      const u = new uPlot(options(p, i === 0, i === panels.length - 1, width()), [p.x, ...p.series.map((s) => s.of)], stage);
      u.root.setAttribute("aria-hidden", "true");
      u.over.addEventListener("dblclick", () => zoom(whole.min, whole.max));
      charts.push(u);
    });
    zoom(whole.min, whole.max);
  };

  const around = (factor) => {
    const { min, max } = charts[0].scales.x;
    const middle = instant != null && instant >= min && instant <= max ? instant : (min + max) / 2;
    zoom(middle - (middle - min) * factor, middle + (max - middle) * factor);
  };
  const shift = (share) => {
    const { min, max } = charts[0].scales.x;
    zoom(min + (max - min) * share, max + (max - min) * share);
  };
  const button = (text, label, act) => {
    const b = make("button", { type: "button", "aria-label": label, title: label }, text);
    b.addEventListener("click", act);
    return b;
  };
  const bar = make("div", { class: "tools" },
    button("+", "Zoom in", () => around(0.5)), button("−", "Zoom out", () => around(2)),
    button("←", "Earlier", () => shift(-0.25)), button("→", "Later", () => shift(0.25)),
    button("Whole run", "Show the whole run", () => zoom(whole.min, whole.max)),
    make("span", { class: "keys", id: "live-keys" }, "Drag to zoom, double-click for the whole run. Keys: ← → move the cursor, + − zoom, 0 shows the whole run."));
  stage.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = data.step * (e.shiftKey ? 10 : 1);
    const { min, max } = charts[0].scales.x;
    const from = instant == null ? Math.max(min, 0) : instant;
    switch (e.key) {
      case "ArrowLeft": point(from - step); break;
      case "ArrowRight": point(from + step); break;
      case "Home": point(0); break;
      case "End": point(data.end); break;
      case "+": case "=": around(0.5); break;
      case "-": around(2); break;
      case "0": zoom(whole.min, whole.max); break;
      default: return;
    }
    e.preventDefault();
  });

  figure.prepend(bar, stage, readout);
  figure.classList.add("zoomable");
  try {
    build();
  } catch (e) { // the drawing is as good
    figure.classList.remove("zoomable");
    for (const x of [bar, stage, readout]) x.remove();
    throw e;
  }
  new ResizeObserver(() => {
    if (charts[0].width !== width()) for (const u of charts) u.setSize({ width: width(), height: u.height });
  }).observe(stage);
  const again = () => { readInk(); for (const u of charts) u.redraw(false, true); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})();
