/* Makes the report's tables interactive. Text from elsewhere only ever becomes textContent. */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const say = (text) => { byId("status").textContent = text; };

  /* ---- copy --------------------------------------------------------------------------------- */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = make("textarea", { value: text, className: "unseen" });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    say("Copied.");
  }
  function copyButton(text, label) {
    const button = make("button", { type: "button", className: "copy" }, label);
    button.dataset.copy = text;
    return button;
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });

  /* ---- pictures ----------------------------------------------------------------------------- */
  const SVG = "http://www.w3.org/2000/svg";
  function picture(text, widest = 112) {
    const lines = text.split("/");
    const width = lines[0].length, height = lines.length;
    const drawn = document.createElementNS(SVG, "svg");
    const shape = (tag, attributes) => {
      const made = document.createElementNS(SVG, tag);
      Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
      drawn.append(made);
    };
    const size = Math.max(widest / 40, Math.min(8, Math.floor(widest / Math.max(width, height))));
    drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawn.setAttribute("width", width * size);
    drawn.setAttribute("height", Math.max(height * size, 8));
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("role", "img");
    const cells = width * height, equal = (text.match(/0/g) || []).length;
    drawn.setAttribute("aria-label", `Where it differs: ${cells - equal} of ${cells} cells`);
    shape("rect", { width, height, class: "ground" });
    lines.forEach((line, y) => [...line].forEach((cell, x) => {
      if (cell === "0") return;
      const level = cell === "x" ? 1 : 0.25 + 0.75 * (Number(cell) / 9);
      shape("rect", { x, y, width: 1, height: 1, class: "bad", "fill-opacity": level.toFixed(2) });
      if (cell === "x") shape("path", { d: `M${x + .2} ${y + .2}l.6 .6m0 -.6l-.6 .6`, class: "cross" });
    }));
    return drawn;
  }
  document.querySelectorAll("[data-picture]").forEach((place) => {
    place.replaceChildren(picture(place.dataset.picture));
  });
  document.querySelectorAll("button[data-copy]").forEach((button) => { button.hidden = false; });

  /* ---- the matrix of many targets folds into one of backends ---------------------------------- */
  const fold = byId("matrix-toggle");
  if (fold) {
    fold.hidden = false;
    byId("matrix").classList.add("folded");
    fold.addEventListener("click", () => {
      const folded = byId("matrix").classList.toggle("folded");
      fold.setAttribute("aria-pressed", String(!folded));
    });
  }

  /* ---- small tables: sort only -------------------------------------------------------------- */
  ["findings-table", "reasons-table"].forEach((id) => {
    if (byId(id)) new DataTable(byId(id), { paging: false, info: false, searching: false, order: [], autoWidth: false, layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null } });
  });

  /* ---- print: everything that is folded opens ------------------------------------------------ */
  addEventListener("beforeprint", () => {
    document.querySelectorAll("main details:not([open])").forEach((each) => {
      each.open = true;
      each.dataset.folded = "";
    });
  });
  addEventListener("afterprint", () => {
    document.querySelectorAll("[data-folded]").forEach((each) => {
      each.open = false;
      delete each.dataset.folded;
    });
  });

  /* ---- the table of rows -------------------------------------------------------------------- */
  if (!byId("rows-table")) return;
  const meta = read("meta");
  const data = read("rows-data");
  const columns = data.columns.map((column) => ({
    ...column,
    at: column.texts ? (row) => column.texts[column.values[row]] ?? null : (row) => column.values[row] ?? null,
  }));
  const column = Object.fromEntries(columns.map((each) => [each.name, each]));
  columns.unshift({
    name: "finding", kind: "integer", meaning: "number of the finding it belongs to",
    at: (row) => data.findings[row],
  });
  const PARAMETERS = data.columns.filter((column) => column.is_parameter).map((column) => column.name);
  const FIRST = ["case", "target", "verdict", "reading", "difference", "first_bad_index", "expected_value", "observed_value", "bad_count", "expected_shape", "observed_shape"];
  const SHOWN = new Set(FIRST);
  const rank = (each) => (FIRST.indexOf(each.name) + 1) || FIRST.length + 1;
  columns.sort((one, other) => rank(one) - rank(other));
  const LABELS = { expected_value: "should be", observed_value: "got", expected_shape: "shape should be", observed_shape: "shape got", first_bad_index: "first at", bad_count: "bad", difference: "picture" };
  const NUMERIC = new Set(["integer", "number"]);
  const rerun = (row) => `${meta.rerun}${column.case.at(row)} --target ${column.target.at(row)}`;
  const words = (value) => value === null ? "" : value === true ? "yes" : value === false ? "no" : String(value);

  /* A filter's text as a test of a cell's text. */
  function tester(filter) {
    const sign = filter[0], rest = filter.slice(1).trim().toLowerCase();
    if (sign === "=") return (text) => text.toLowerCase() === rest;
    if (sign === "!") return (text) => !text.toLowerCase().includes(rest);
    if ((sign === ">" || sign === "<") && rest !== "" && !Number.isNaN(Number(rest))) {
      const limit = Number(rest);
      const holds = sign === ">" ? (n) => n > limit : (n) => n < limit;
      return (text) => text !== "" && text.split("x").some((each) => holds(Number(each)));
    }
    const wanted = filter.trim().toLowerCase();
    return (text) => text.toLowerCase().includes(wanted);
  }

  function cell(each, row, type) {
    const value = each.at(row);
    if (type === "sort" || type === "type") {
      if (each.kind === "integers" && value !== null) return value.split("x").map((n) => n.padStart(9, "0")).join("x");
      if (value !== null && value !== "" && !Number.isNaN(Number(value))) return Number(value);
      return NUMERIC.has(each.kind) ? -Infinity : words(value);
    }
    if (type !== "display") return words(value);
    if (each.name === "difference" && value !== null) return picture(value, 56);
    if (each.name === "verdict") {
      const sign = make("span", {}, "✗ ");
      sign.setAttribute("aria-hidden", "true");
      return make("span", { className: "verdict deviation" }, sign, value);
    }
    const text = words(value);
    if (each.name === "case" || each.name === "target") return make("code", {}, text);
    return make("span", {}, text);
  }

  function inWords(command) {
    const shown = make("code");
    command.split(" ").forEach((word) => shown.append(make("span", { className: "word" }, word), " "));
    return shown;
  }

  function detail(row) {
    const list = make("dl", { className: "detail" });
    for (const each of columns) {
      const value = words(each.at(row));
      if (value === "") continue;
      const shown = each.name === "difference" ? picture(value) : value;
      const term = make("dt", { title: each.meaning }, each.name);
      list.append(make("div", {}, term, make("dd", {}, shown)));
    }
    const command = rerun(row);
    return make("div", { className: "row-detail" },
      make("p", { className: "command" }, inWords(command), copyButton(command, "copy")), list);
  }

  const head = make("thead");
  const titles = make("tr"), fields = make("tr", { className: "filters" });
  const actions = { name: "", kind: "text", meaning: "details of the row, and its command" };
  for (const each of [actions, ...columns]) {
    const title = make("th", { scope: "col", title: each.meaning, className: NUMERIC.has(each.kind) ? "number" : "" }, each === actions ? make("span", { className: "unseen" }, "details and command") : LABELS[each.name] ?? each.name);
    titles.append(title);
    const place = make("td");
    place.dataset.dtOrder = "disable";
    if (each !== actions) {
      const field = make("input", { type: "search", autocomplete: "off", spellcheck: false, placeholder: "filter" });
      field.setAttribute("aria-label", `filter ${each.name}`);
      field.dataset.column = each.name;
      const distinct = each.texts && each.texts.length <= 40 ? each.texts : null;
      if (distinct) {
        const known = make("datalist", { id: `known-${each.name}` });
        distinct.filter((text) => text !== null).forEach((text) => known.append(make("option", { value: `=${text}` })));
        document.body.append(known);
        field.setAttribute("list", known.id);
      }
      place.append(field);
      each.field = field;
    }
    fields.append(place);
  }
  head.append(titles, fields);
  byId("rows-table").append(head);

  const place = Object.fromEntries(columns.map((each, at) => [each.name, at + 1]));
  const table = new DataTable(byId("rows-table"), {
    data: data.findings.map((_, row) => row),
    columns: [
      {
        data: null, orderable: false, searchable: false, className: "actions",
        render: (row, type) => {
          if (type !== "display") return "";
          const id = column.case.at(row);
          const more = make("button", { type: "button", className: "more" }, "details");
          more.setAttribute("aria-expanded", "false");
          more.setAttribute("aria-label", `details of ${id}`);
          const button = copyButton(rerun(row), "copy");
          button.setAttribute("aria-label", `copy the command that reruns ${id}`);
          return make("span", {}, more, button);
        },
      },
      ...columns.map((each) => ({
        data: null, visible: SHOWN.has(each.name), className: NUMERIC.has(each.kind) ? "number" : each.name,
        render: (row, type) => cell(each, row, type),
      })),
    ],
    titleRow: 0, order: [], autoWidth: false, deferRender: true, orderMulti: true, pageLength: 25, lengthMenu: [10, 25, 50, 100],
    layout: { topStart: "info", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
    language: { info: "_START_ to _END_ of _TOTAL_ rows", infoFiltered: "(of _MAX_)", infoEmpty: "No row", zeroRecords: "No row passes the filters.", lengthMenu: "_MENU_ rows a page" },
  });

  byId("rows-table").addEventListener("click", (event) => {
    const button = event.target.closest("button.more");
    if (!button) return;
    const row = table.row(button.closest("tr"));
    const opens = !row.child.isShown();
    if (opens) row.child(detail(row.data())).show();
    else row.child.hide();
    button.setAttribute("aria-expanded", String(opens));
  });

  /* ---- filters, columns and the address ------------------------------------------------------ */
  const filters = {};
  let tests = [];
  table.search.fixed("columns", (_text, _data, at) => {
    return tests.every(([each, holds]) => holds(words(each.at(at))));
  });
  function refilter() {
    tests = columns.filter((each) => filters[each.name]).map((each) => [each, tester(filters[each.name])]);
    table.draw();
  }
  function show(name, visible) {
    table.column(place[name]).visible(visible, false);
    choices[name].checked = visible;
  }
  const choices = {};
  for (const each of columns) {
    const box = make("input", { type: "checkbox", checked: SHOWN.has(each.name) });
    box.addEventListener("change", () => { table.column(place[each.name]).visible(box.checked); });
    choices[each.name] = box;
    byId("columns-choice").append(make("label", { title: each.meaning }, box, ` ${each.name}`));
  }

  const address = () => {
    const parts = new URLSearchParams(Object.entries(filters).filter(([, text]) => text));
    const order = table.order().filter(([at]) => at > 0 && at <= columns.length);
    if (order.length) parts.set("sort", order.map(([at, way]) => `${columns[at - 1].name}:${way}`).join(","));
    const text = parts.toString();
    return text ? `#rows?${text}` : "#rows";
  };
  let applying = false;
  const remember = () => { if (!applying) history.replaceState(null, "", address()); };
  table.on("order", remember);

  function apply() {
    if (!location.hash.startsWith("#rows?")) return false;
    applying = true;
    const given = new URLSearchParams(location.hash.slice("#rows?".length));
    for (const each of columns) {
      filters[each.name] = given.get(each.name) ?? "";
      each.field.value = filters[each.name];
      if (filters[each.name] && !choices[each.name].checked) show(each.name, true);
    }
    const order = (given.get("sort") ?? "").split(",").map((part) => part.split(":"))
      .filter(([name, way]) => place[name] && (way === "asc" || way === "desc"));
    table.order(order.map(([name, way]) => [place[name], way]));
    refilter();
    table.columns.adjust();
    applying = false;
    byId("rows").scrollIntoView({ behavior: "instant" });
    byId("rows-title").focus({ preventScroll: true });
    say(`${table.page.info().recordsDisplay} rows`);
    return true;
  }
  let waiting;
  fields.addEventListener("input", (event) => {
    filters[event.target.dataset.column] = event.target.value;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      refilter();
      remember();
      say(`${table.page.info().recordsDisplay} rows`);
    }, 150);
  });
  byId("filters-clear").addEventListener("click", () => {
    columns.forEach((each) => { each.field.value = filters[each.name] = ""; });
    refilter();
    remember();
    say("Filters cleared.");
  });
  byId("parameters-toggle").addEventListener("click", (event) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    PARAMETERS.forEach((name) => show(name, on));
    table.columns.adjust().draw(false);
  });
  byId("link-copy").addEventListener("click", () => copy(location.href.split("#")[0] + address()));
  addEventListener("hashchange", apply);
  byId("rows-tools").hidden = false;
  apply();
  document.documentElement.dataset.ready = "";
})();
