/* Paper has no buttons: before printing everything folded opens, and afterwards it closes again. */
(() => {
  const FOLDED = ".bd-article details:not([open])";
  let opened = [];

  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(FOLDED)];
    opened.forEach((fold) => { fold.open = true; });
  });

  window.addEventListener("afterprint", () => {
    opened.forEach((fold) => { fold.open = false; });
    opened = [];
  });
})();
