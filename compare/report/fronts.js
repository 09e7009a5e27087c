// Explore the candidates: hover over a point, filter, copy a command. All data are those of the table.
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var WIDTH = 720, HEIGHT = 380, LEFT = 56, RIGHT = 16, TOP = 12, BOTTOM = 40;
  var host = document.getElementById("explore");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#candidates tbody tr"));
  if (!host || !rows.length) return;

  var points = rows.map(function (row) {
    return {
      row: row, side: row.dataset.side, engine: row.dataset.engine, accuracy: Number(row.dataset.accuracy),
      pj: Number(row.dataset.pj), front: row.dataset.front === "1", eligible: row.dataset.eligible === "1",
      command: row.querySelector("code").textContent,
      text: Array.prototype.slice.call(row.cells, 0, 5).map(function (cell) { return cell.textContent; }).join(" · ")
    };
  });

  function element(parent, name, attributes, text) {
    var made = document.createElementNS(parent === host || parent.namespaceURI !== SVG && name !== "svg"
      ? "http://www.w3.org/1999/xhtml" : SVG, name);
    Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text) made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function check(parent, text, checked) {
    var label = element(parent, "label", { style: "margin-right: 1rem; white-space: nowrap" });
    var box = element(label, "input", { type: "checkbox" });
    box.checked = checked;
    element(label, "span", {}, " " + text);
    box.addEventListener("change", draw);
    return box;
  }

  var filters = element(host, "p", { "class": "note" });
  var sides = {}, engines = {};
  ["ann", "snn", "hybrid"].filter(function (side) { return points.some(function (point) { return point.side === side; }); }).forEach(function (side) { sides[side] = check(filters, side.toUpperCase(), true); });
  points.forEach(function (point) {
    if (!engines[point.engine]) engines[point.engine] = check(filters, point.engine, true);
  });
  var onlyFront = check(filters, "fronts only", false), onlyEligible = check(filters, "eligible only", false);

  var picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 " + WIDTH + " " + HEIGHT);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "Candidates: accuracy over energy");
  picture.setAttribute("style", "width: 100%; height: auto");
  host.appendChild(picture);
  var shown = element(host, "p", { "class": "note", "aria-live": "polite" }, "Hover over a point; click it to keep its command.");
  var line = element(host, "p", { hidden: "hidden" });
  var command = element(line, "code", {});
  var copy = element(line, "button", { type: "button", style: "margin-left: 1rem" }, "Copy");

  copy.addEventListener("click", function () {
    function done() { copy.textContent = "Copied"; }
    if (navigator.clipboard) {
      navigator.clipboard.writeText(command.textContent).then(done);
    } else {
      window.getSelection().selectAllChildren(command);
      document.execCommand("copy");
      done();
    }
  });

  function describe(point) {
    return point.text + ": " + (100 * point.accuracy).toFixed(1) + " %, " + Math.round(point.pj).toLocaleString("en") + " pJ";
  }

  function choose(point) {
    command.textContent = point.command;
    copy.textContent = "Copy";
    line.hidden = false;
  }

  function range(values) {
    var low = Math.min.apply(null, values), high = Math.max.apply(null, values);
    return high > low ? [low, high] : [low - 1e-3 * Math.abs(low) - 1e-9, high + 1e-3 * Math.abs(high) + 1e-9];
  }

  function draw() {
    var visible = points.filter(function (point) {
      return sides[point.side].checked && engines[point.engine].checked &&
        (point.front || !onlyFront.checked) && (point.eligible || !onlyEligible.checked);
    });
    points.forEach(function (point) { point.row.hidden = visible.indexOf(point) < 0; });
    while (picture.firstChild) picture.removeChild(picture.firstChild);
    if (!visible.length) return;
    var x = range(visible.map(function (point) { return Math.log(point.pj); }));
    var y = range(visible.map(function (point) { return point.accuracy; }));
    function across(pj) { return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * (Math.log(pj) - x[0]) / (x[1] - x[0]); }
    function up(accuracy) { return HEIGHT - BOTTOM - 10 - (HEIGHT - TOP - BOTTOM - 20) * (accuracy - y[0]) / (y[1] - y[0]); }
    element(picture, "path", {
      d: "M" + LEFT + " " + TOP + "V" + (HEIGHT - BOTTOM) + "H" + (WIDTH - RIGHT), fill: "none", stroke: "var(--rule)"
    });
    [0, 0.5, 1].forEach(function (part) {
      var pj = Math.exp(x[0] + part * (x[1] - x[0])), accuracy = y[0] + part * (y[1] - y[0]);
      element(picture, "text", { x: across(pj), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle", "font-size": 12, fill: "var(--muted)" },
        Math.round(pj).toLocaleString("en"));
      element(picture, "text", { x: LEFT - 6, y: up(accuracy) + 4, "text-anchor": "end", "font-size": 12, fill: "var(--muted)" },
        (100 * accuracy).toFixed(1) + " %");
    });
    element(picture, "text", { x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end", "font-size": 12, fill: "var(--muted)" }, "energy per inference, pJ");
    visible.forEach(function (point) {
      var circle = element(picture, "circle", {
        cx: across(point.pj), cy: up(point.accuracy), r: point.front ? 6 : 4, fill: "var(--" + point.side + ")",
        "fill-opacity": point.eligible ? 0.9 : 0.35, tabindex: 0, style: "cursor: pointer"
      });
      element(circle, "title", {}, describe(point));
      ["mouseenter", "focus"].forEach(function (event) {
        circle.addEventListener(event, function () { shown.textContent = describe(point); });
      });
      circle.addEventListener("click", function () { choose(point); });
      circle.addEventListener("keydown", function (event) { if (event.key === "Enter") choose(point); });
    });
  }

  host.hidden = false;
  draw();
})();
