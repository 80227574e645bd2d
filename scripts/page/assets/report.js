"use strict";
(function () {
  /* Tables: a header button sorts by the cells' data-v (numbers where all are), a second press turns the order. */
  function keyOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
  }

  function sortBy(table, column) {
    const heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0], rows = Array.from(body.rows);
    const up = heads[column].getAttribute("aria-sort") !== "ascending";
    const keys = new Map(rows.map((row) => [row, keyOf(row, column)]));
    const filled = Array.from(keys.values()).filter((k) => k !== "");
    const numeric = filled.length > 0 && filled.every((k) => Number.isFinite(Number(k)) || /^-?(nan|inf)$/.test(k));
    rows.sort(function (a, b) {
      const x = keys.get(a), y = keys.get(b);
      if (x === "" || y === "") return (x === "") - (y === ""); /* not measured: last in both orders */
      const order = numeric ? Number(x) - Number(y) || 0 : x.localeCompare(y, "en", {numeric: true});
      return up ? order : -order;
    });
    rows.forEach((row) => body.appendChild(row));
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === column ? (up ? "ascending" : "descending") : "none"));
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, i) {
      head.querySelector("button").addEventListener("click", () => sortBy(table, i));
    });
  });

  /* Tooltips: the point nearest to the mouse; with the keyboard, Tab enters a chart and the arrows walk its points. */
  const tip = document.getElementById("tip"), REACH = 16;
  let shown = null;

  function hide() {
    if (shown) shown.classList.remove("on");
    shown = null;
    tip.hidden = true;
  }

  function show(point) {
    if (shown !== point) hide();
    shown = point;
    point.classList.add("on");
    tip.textContent = point.getAttribute("aria-label");
    tip.hidden = false;
    const mark = point.querySelector(".mark").getBoundingClientRect(), box = tip.getBoundingClientRect();
    const left = mark.left + mark.width / 2 - box.width / 2;
    const above = mark.top - box.height - 8;
    tip.style.left = Math.max(6, Math.min(left, document.documentElement.clientWidth - box.width - 6)) + "px";
    tip.style.top = (above > 4 ? above : mark.bottom + 8) + "px";
  }

  function visible(points) {
    return points.filter((p) => p.getClientRects().length > 0);
  }

  function nearest(points, event) {
    let best = null, least = REACH;
    visible(points).forEach(function (point) {
      const box = point.querySelector(".mark").getBoundingClientRect();
      const x = Math.max(box.left - event.clientX, 0, event.clientX - box.right);
      const y = Math.max(box.top - event.clientY, 0, event.clientY - box.bottom);
      const middle = Math.hypot(box.left + box.width / 2 - event.clientX, box.top + box.height / 2 - event.clientY);
      const far = Math.hypot(x, y) + Math.min(middle, 40) / 100;
      if (far < least) { least = far; best = point; }
    });
    return best;
  }

  function walk(points, event) {
    const seen = visible(points), at = seen.indexOf(document.activeElement);
    const steps = {ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: seen.length - 1};
    if (event.key === "Escape") { hide(); return; }
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const next = seen[Math.max(0, Math.min(steps[event.key], seen.length - 1))];
    enter(points, next);
    next.focus();
  }

  function enter(points, point) { /* the one point of the chart that Tab stops at */
    points.forEach((p) => p.setAttribute("tabindex", p === point ? "0" : "-1"));
  }

  document.querySelectorAll("svg.points").forEach(function (chart) {
    const points = Array.from(chart.querySelectorAll(".pt"));
    points.forEach(function (point) {
      const title = point.querySelector("title"); /* without script, the browser shows it */
      point.setAttribute("aria-label", title.textContent);
      title.remove();
      point.addEventListener("focus", () => show(point));
      point.addEventListener("blur", hide);
    });
    enter(points, points[0]);
    function track(event) {
      const point = nearest(points, event);
      if (point) show(point); else if (shown !== document.activeElement) hide();
    }
    chart.addEventListener("pointermove", track);
    chart.addEventListener("pointerdown", track);
    chart.addEventListener("pointerleave", function (event) { if (event.pointerType === "mouse") hide(); });
    chart.addEventListener("keydown", (event) => walk(points, event));
  });
  window.addEventListener("scroll", function () { if (shown && shown !== document.activeElement) hide(); }, {passive: true});
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  /* Legends: show and hide a series in all charts of the group. */
  document.querySelectorAll("button.key").forEach(function (button) {
    button.addEventListener("click", function () {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      button.closest(".group").classList.toggle("off" + button.dataset.series, !on);
      hide();
    });
  });

  /* The command: into the clipboard where the browser allows it, else selected. */
  document.querySelectorAll(".copy").forEach(function (button) {
    button.addEventListener("click", function () {
      const code = button.parentElement.querySelector("code");
      const select = function () {
        window.getSelection().selectAllChildren(code);
        button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
      };
      if (!navigator.clipboard) { select(); return; }
      navigator.clipboard.writeText(code.textContent).then(() => { button.textContent = "Copied"; }, select);
    });
  });

  /* On paper everything is open. */
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach((d) => { d.dataset.was = d.open; d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details").forEach((d) => { d.open = d.dataset.was === "true"; });
  });
})();
