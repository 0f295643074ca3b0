// Sorting and narrowing of the table of pins. Without it the page has everything too.
"use strict";

const table = document.getElementById("pin-table");
if (table) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const words = new Intl.Collator("en", { numeric: true });

  // Undefined where there is nothing to sort by: such rows are the last in any order.
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = (cell.dataset.sort ?? cell.textContent).trim();
    if (text === "") return undefined;
    return cell.dataset.sort === undefined ? text : Number(text);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : words.compare(a, b));

  const sort = (head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row) => [value(row, column), row]);
    keyed.sort(([a], [b]) => {
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return down ? compare(b, a) : compare(a, b);
    });
    body.replaceChildren(...keyed.map(([, row]) => row));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });

  // What is short in a row is found by all of it.
  const texts = rows.map((row) =>
    [row.textContent, ...Array.from(row.querySelectorAll("[title]"), (it) => it.title)].join(" ").toLowerCase());
  const filter = document.getElementById("filter");
  const states = Array.from(document.querySelectorAll(".states a"));
  const narrow = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = states.find((link) => link.hasAttribute("aria-current")).dataset.state;
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !(state === "" || row.dataset.state === state) || !wanted.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    const all = `${rows.length} pin${rows.length === 1 ? "" : "s"}`;
    document.getElementById("matches").value = wanted.length === 0 && state === "" ? all : `${shown} of ${all}`;
  };
  filter.addEventListener("input", narrow);
  states.forEach((link) => {
    link.addEventListener("click", (event) => {
      // Another tab, or another window, is the browser's.
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      states.forEach((other) => other.removeAttribute("aria-current"));
      link.setAttribute("aria-current", "true");
      history.replaceState(null, "", link.getAttribute("href").split("#")[0]);
      narrow();
    });
  });

  table.classList.add("sortable");
  filter.closest("p").hidden = false;
  // A browser that comes back to the page may have kept what was typed.
  narrow();
}
