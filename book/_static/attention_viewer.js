/* The attention viewer: tokens in a row; choose one, and the others show how much of its attention they get.

   Drawing and data are apart. `AttentionViewer.mount(element, groups)` draws any groups of this shape:

     [{title, readings: [{label, tokens, focus, layers, heads, weight(layer, head) -> Float32Array}]}]

   weight gives n x n numbers, a row for each query; focus is the token chosen at first. A group with two readings
   shows them one above the other, or side by side where there is room. Stored data comes in a script of its own,
   loaded when the reader asks, by a script element and not by fetch, which a page read from a disk may not use. */
(() => {
  const LEAST = 0.05;  // smaller shares get no number
  const here = document.currentScript.src;
  let count = 0;

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const plain = (token) => token.replace(/^##/, "");
  const percent = (share) => `${Math.round(100 * share)} %`;

  /* One byte a weight, in base64: layer by layer, head by head, row by row. */
  function decode(text, layers, heads, n) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    if (bytes.length !== layers * heads * n * n)
      throw new Error(`attention viewer: ${bytes.length} weights for ${layers} x ${heads} x ${n} x ${n}`);
    const size = n * n;
    return (layer, head) => {
      const at = (layer * heads + head) * size;
      return Float32Array.from(bytes.subarray(at, at + size), (byte) => byte / 255);
    };
  }

  function mount(element, groups) {
    const name = `attention-viewer-${++count}`;
    const state = {group: 0, layer: 0, head: 0, chosen: []};
    const choice = make("select", {id: `${name}-group`});
    groups.forEach((group, i) => choice.append(make("option", {value: i, textContent: group.title})));
    const where = make("p", {className: "av-where"});
    const said = make("p", {className: "av-said"});
    said.setAttribute("role", "status");
    const readings = make("div", {className: "av-readings"});
    const heads = make("div", {className: "av-heads"});
    heads.setAttribute("role", "radiogroup");
    heads.setAttribute("aria-label", "Layer and head");
    element.replaceChildren(
      make("p", {className: "av-choice"},
        make("label", {htmlFor: choice.id, textContent: "Sentence "}), choice),
      where, readings, said,
      make("p", {className: "av-hint", textContent:
        "Point at a token, or reach it with Tab and the arrow keys. Below, each square is a head: rows are layers. "
        + "Dark means much attention."}),
      heads);

    const current = () => groups[state.group];
    const first = () => current().readings[0];

    /* What the chosen token looks at, in words, for those who see no colours. */
    function describe(reading, chosen, row) {
      const n = reading.tokens.length;
      const best = [...Array(n).keys()].sort((a, b) => row[b] - row[a] || a - b)
        .filter((j) => row[j] >= LEAST).slice(0, 4);
      const list = best.map((j) => `${plain(reading.tokens[j])} ${percent(row[j])}`).join(", ");
      return `${plain(reading.tokens[chosen])} looks at ${list || "nothing much in particular"}.`;
    }

    function paint() {
      const sentences = [];
      [...readings.children].forEach((figure, i) => {
        const reading = current().readings[i], n = reading.tokens.length, chosen = state.chosen[i];
        const row = reading.weight(state.layer, state.head).subarray(chosen * n, (chosen + 1) * n);
        figure.querySelectorAll("button").forEach((button, j) => {
          button.style.setProperty("--share", row[j].toFixed(3));
          button.lastChild.textContent = row[j] >= LEAST ? percent(row[j]) : "\u00a0";
          button.setAttribute("aria-pressed", j === chosen);
          button.tabIndex = j === chosen ? 0 : -1;
        });
        sentences.push(describe(reading, chosen, row));
      });
      where.textContent = `Layer ${state.layer + 1}, head ${state.head + 1}`;
      said.textContent = sentences.join(" ");
      [...heads.children].forEach((button) => {
        const own = +button.dataset.layer === state.layer && +button.dataset.head === state.head;
        button.setAttribute("aria-checked", own);
        button.tabIndex = own ? 0 : -1;
      });
    }

    function choose(i, j) {
      state.chosen[i] = j;
      paint();
    }

    /* Arrow keys move inside a row of tokens or the grid of heads, so that Tab passes each in one step. */
    function arrows(event, at, total, columns) {
      const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns}[event.key];
      const to = event.key === "Home" ? 0 : event.key === "End" ? total - 1 : at + step;
      if (!(to >= 0 && to < total)) return null;
      event.preventDefault();
      return to;
    }

    function drawReadings() {
      const shown = current().readings;
      state.chosen = shown.map((reading) => reading.focus);
      readings.replaceChildren(...shown.map((reading, i) => {
        const row = make("div", {className: "av-tokens"});
        row.setAttribute("role", "group");
        row.setAttribute("aria-label", reading.label);
        reading.tokens.forEach((token, j) => {
          const button = make("button", {type: "button"},
            make("span", {className: "av-token", textContent: plain(token)}),
            make("span", {className: "av-share", textContent: "\u00a0"}));
          if (token.startsWith("##")) button.classList.add("av-goes-on");
          button.addEventListener("pointerenter", () => choose(i, j));
          button.addEventListener("click", () => choose(i, j));
          button.addEventListener("focus", () => choose(i, j));
          button.addEventListener("keydown", (event) => {
            const to = arrows(event, j, reading.tokens.length, 1);
            if (to !== null) row.children[to].focus();
          });
          row.append(button);
        });
        return make("figure", {}, make("figcaption", {textContent: reading.label}), row);
      }));
    }

    function drawHeads() {
      const {layers, heads: columns} = first();
      heads.style.setProperty("--columns", columns);
      heads.replaceChildren();
      for (let layer = 0; layer < layers; layer++)
        for (let head = 0; head < columns; head++) {
          const canvas = make("canvas");
          canvas.setAttribute("aria-hidden", "true");
          const button = make("button", {type: "button"}, canvas);
          button.setAttribute("role", "radio");
          button.setAttribute("aria-label", `Layer ${layer + 1}, head ${head + 1}`);
          button.title = `Layer ${layer + 1}, head ${head + 1}`;
          Object.assign(button.dataset, {layer, head});
          const pick = () => { Object.assign(state, {layer, head}); paint(); };
          button.addEventListener("click", pick);
          button.addEventListener("keydown", (event) => {
            const to = arrows(event, layer * columns + head, layers * columns, columns);
            if (to === null) return;
            heads.children[to].focus();
            heads.children[to].click();
          });
          heads.append(button);
          thumbnail(canvas, first().weight(layer, head), first().tokens.length);
        }
    }

    function thumbnail(canvas, weights, n) {
      canvas.width = canvas.height = n;
      const picture = new ImageData(n, n);
      weights.forEach((share, i) => picture.data.set([0, 90, 160, Math.round(255 * Math.sqrt(share))], 4 * i));
      canvas.getContext("2d").putImageData(picture, 0, 0);
    }

    choice.addEventListener("change", () => {
      state.group = +choice.value;
      const {layers, heads: columns} = first();
      if (state.layer >= layers || state.head >= columns) Object.assign(state, {layer: 0, head: 0});
      drawReadings();
      drawHeads();
      paint();
    });
    const start = element.dataset;
    Object.assign(state, {layer: (+start.layer || 1) - 1, head: (+start.head || 1) - 1});
    drawReadings();
    drawHeads();
    paint();
  }

  /* Stored data: {layers, heads, groups: [{title, readings: [{label, tokens, focus, weights: base64}]}]}. */
  function stored({layers, heads, groups}) {
    return groups.map(({title, readings}) => ({title, readings: readings.map((reading) => ({
      ...reading, layers, heads, weight: decode(reading.weights, layers, heads, reading.tokens.length)}))}));
  }

  window.AttentionViewer = {mount, stored, decode};

  function offer(element) {
    const button = make("button", {type: "button", className: "av-open", textContent: "Open the viewer"});
    button.addEventListener("click", () => {
      button.disabled = true;
      button.textContent = "Loading …";
      const script = make("script", {src: new URL(element.dataset.source, here).href});
      script.addEventListener("load", () => {
        mount(element, stored(window.AttentionViewer.data));
        element.querySelector("select").focus();
      });
      script.addEventListener("error", () => {
        button.disabled = false;
        button.textContent = "The data did not load. Try again";
      });
      document.head.append(script);
    });
    element.append(button);
  }

  addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll(".attention-viewer[data-source]").forEach(offer));
})();
